BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE attempt (
	id INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	position INTEGER, 
	kind TEXT NOT NULL, 
	sent_at FLOAT NOT NULL, 
	heard_at FLOAT, 
	answer TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run) REFERENCES run (id)
);
INSERT INTO "attempt" VALUES(1,1,NULL,'read',1.77900000016495251657e+09,1.77900000016629052167e+09,'200');
INSERT INTO "attempt" VALUES(2,1,0,'create',1.77900000017101097109e+09,1.77900000022289490704e+09,'201');
INSERT INTO "attempt" VALUES(3,1,1,'create',1.77900000018587064738e+09,1.77900000022912859916e+09,'201');
INSERT INTO "attempt" VALUES(4,1,NULL,'read',1.77900000023302435874e+09,1.77900000023329353331e+09,'200');
INSERT INTO "attempt" VALUES(5,2,NULL,'read',1.77900000026926779746e+09,1.77900000026988220217e+09,'200');
INSERT INTO "attempt" VALUES(6,2,0,'update',1.77900000027356243134e+09,1.77900000027605390551e+09,'200');
INSERT INTO "attempt" VALUES(7,2,NULL,'read',1.77900000027931141856e+09,1.77900000027992153165e+09,'200');
INSERT INTO "attempt" VALUES(8,3,NULL,'read',1.77900000032225036623e+09,1.77900000032250785826e+09,'200');
INSERT INTO "attempt" VALUES(9,3,0,'create',1.77900000032553958894e+09,1.77900000032991218563e+09,'201');
INSERT INTO "attempt" VALUES(10,3,1,'create',1.77900000032700562478e+09,1.779000000334246397e+09,'201');
INSERT INTO "attempt" VALUES(11,3,NULL,'read',1.7790000003364393711e+09,1.77900000033676528934e+09,'200');
INSERT INTO "attempt" VALUES(12,4,NULL,'read',1.77900000066852068906e+09,1.77900000066898798939e+09,'200');
INSERT INTO "attempt" VALUES(13,4,0,'read',1.7790000006739106178e+09,1.77900000067423033709e+09,'200');
INSERT INTO "attempt" VALUES(14,4,1,'read',1.77900000067394685747e+09,1.77900000067669177058e+09,'200');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	what TEXT NOT NULL, 
	"on" TEXT NOT NULL, 
	address TEXT NOT NULL, 
	run INTEGER, 
	outcome TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,1.77900000004266333579e+09,'local operator','operator','token.create','test (token 1)','',NULL,'admin');
INSERT INTO "audit" VALUES(2,1.77900000014991903308e+09,'test (token 1)','token','run.start','run 1','testclient',1,'2 rows of a table');
INSERT INTO "audit" VALUES(3,1.77900000022289490704e+09,'test (token 1)','engine','mailbox.create','nina@a.nl','',1,'');
INSERT INTO "audit" VALUES(4,1.77900000022912859916e+09,'test (token 1)','engine','mailbox.create','tom@a.nl','',1,'');
INSERT INTO "audit" VALUES(5,1.77900000023747038835e+09,'test (token 1)','engine','run.finished','run 1','',1,'2 created, 2 skipped');
INSERT INTO "audit" VALUES(6,1.77900000026248073575e+09,'test (token 1)','token','run.start','run 2','testclient',2,'1 row of a table');
INSERT INTO "audit" VALUES(7,1.77900000027605390551e+09,'test (token 1)','engine','mailbox.update','nina@a.nl','',2,'quota 2048 → 4096');
INSERT INTO "audit" VALUES(8,1.77900000027605390551e+09,'test (token 1)','engine','recovery.set','nina@a.nl','',2,'removed');
INSERT INTO "audit" VALUES(9,1.7790000002849478721e+09,'test (token 1)','engine','run.finished','run 2','',2,'1 updated');
INSERT INTO "audit" VALUES(10,1.7790000003160042763e+09,'test (token 1)','token','run.start','run 3','testclient',3,'2 rows of a table');
INSERT INTO "audit" VALUES(11,1.77900000032991218563e+09,'test (token 1)','engine','mailbox.create','a1@b.nl','',3,'');
INSERT INTO "audit" VALUES(12,1.779000000334246397e+09,'test (token 1)','engine','mailbox.create','a2@b.nl','',3,'');
INSERT INTO "audit" VALUES(13,1.7790000003390705586e+09,'test (token 1)','engine','run.finished','run 3','',3,'2 created');
INSERT INTO "audit" VALUES(14,1.77900000044160985944e+09,'local operator','operator','user.add','boss@agency.example','',NULL,'admin');
INSERT INTO "audit" VALUES(15,1.77900000053847551348e+09,'local operator','operator','user.add','importer@agency.example','',NULL,'a.nl: import');
INSERT INTO "audit" VALUES(16,1.77900000063490939137e+09,'local operator','operator','user.add','viewer@agency.example','',NULL,'*: view, export');
INSERT INTO "audit" VALUES(17,1.77900000063784766201e+09,'local operator','operator','token.create','test (token 2)','',NULL,'a.nl: import, view');
INSERT INTO "audit" VALUES(18,1.77900000066143918042e+09,'test (token 1)','token','run.start','run 4','testclient',4,'2 rows of a table');
INSERT INTO "audit" VALUES(19,1.77900000066143918042e+09,'test (token 1)','token','run.undo','run 3','testclient',3,'by run 4');
CREATE TABLE last_list (
	domain TEXT NOT NULL, 
	read_at FLOAT NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (domain)
);
INSERT INTO "last_list" VALUES('',1.77900000012755703923e+09,X'78018B564AD4CBCB51D2514A8250C9202A16004591061B');
INSERT INTO "last_list" VALUES('a.nl',1.77900000027992153165e+09,X'7801AD8F310AC3300C45EFA2D9043584403CF51E2583204A11D87252DB53E9DDAB40873463C8F6DF47E2F11F6FA8995F4A91C183E89CC0014792F0C33B351AAC5B6B2A04FE866DE7EC859E768F0D3A0812A5801F7A34C8AC96B750F3C23AF1047EA690F9E3FE442A4A3BD186075187437F81A8A4B8F3181D34A7F78C5F87B86248');
INSERT INTO "last_list" VALUES('b.nl',1.77900000066898798939e+09,X'7801B58D410AC2301045EFF2D721A4A10866E53D8A8B29994A60925A93ACC4BB3BBAAAFBBAFBEFF3E04D4FF4CA8F42991140030C3853922F5C665B449FADAF8D1006E747A33ADDD475D61948CAA9219C4F4EA172D1FD19BDDEB9448E080B49E597F98DF87DC4FF27B24ADC55948ECA5CDFB51B5DC3');
CREATE TABLE mapping_answer (
	digest BLOB NOT NULL, 
	answer JSON NOT NULL, 
	answered_by TEXT NOT NULL, 
	answered_at FLOAT NOT NULL, 
	PRIMARY KEY (digest)
);
INSERT INTO "mapping_answer" VALUES(X'472CC835B317014457605DBDB83B8B4D920919186006E090477F87BCA93EDE7A','{"meanings": ["password", "username"], "pattern": "first.last", "particles": "joined", "spelled": false}','boss@agency.example',1779000100.0);
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE once (
	caller TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	at FLOAT NOT NULL, 
	run INTEGER, 
	PRIMARY KEY (caller, "key"), 
	FOREIGN KEY(run) REFERENCES run (id)
);
INSERT INTO "once" VALUES('test (token 1)','fixture-1',X'765E61B79337FE098955D00677E7AD10085B1390799572ED878EF16B88B48192',1.77900000014803576471e+09,1);
CREATE TABLE recovery_email (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	email TEXT NOT NULL, 
	set_at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "recovery_email" VALUES('a.nl','tom','tom@home.example',1.77900000022912859916e+09);
CREATE TABLE run (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	status TEXT NOT NULL, 
	why TEXT DEFAULT '' NOT NULL, 
	operator TEXT NOT NULL, 
	file_name TEXT NOT NULL, 
	file_digest TEXT NOT NULL, 
	plan_digest TEXT NOT NULL, 
	idempotency_key TEXT, 
	retry_of INTEGER, 
	domains JSON NOT NULL, 
	total INTEGER NOT NULL, 
	created_at FLOAT NOT NULL, 
	started_at FLOAT, 
	finished_at FLOAT, 
	checked_at FLOAT, 
	differences INTEGER DEFAULT 0 NOT NULL, 
	difference TEXT DEFAULT '' NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	seen BOOLEAN DEFAULT 0 NOT NULL, 
	downloaded_at FLOAT, 
	retention_days INTEGER NOT NULL, 
	passwords_until FLOAT, 
	handed_over_at FLOAT, 
	wrapped_key BLOB, 
	FOREIGN KEY(retry_of) REFERENCES run (id), 
	UNIQUE (operator, idempotency_key)
);
INSERT INTO "run" VALUES(1,'finished','','test (token 1)','','','efeb560dceff78044ff837e52583224897ca71703c494978a98608124a716404','fixture-1',NULL,'["a.nl"]',4,1.77900000014991903308e+09,1.77900000015822625162e+09,1.77900000023747038835e+09,1.77900000023747038835e+09,0,'','',0,NULL,7,1.77960480014991903304e+09,NULL,X'C409C433B02BEE3FABD2946F08EAAE95060635C18FB6FCAD0A5D53E50934E462819074172325744E4E05A4268DCE42009F36E77CFE82AACC41FF552C');
INSERT INTO "run" VALUES(2,'finished','','test (token 1)','','','045b5d71899d0b10432927674919176d30037dfd52b27fe46b1f29c8c3f4bbdf',NULL,NULL,'["a.nl"]',1,1.77900000026248073575e+09,1.77900000026725602151e+09,1.7790000002849478721e+09,1.7790000002849478721e+09,0,'','',0,NULL,7,NULL,NULL,NULL);
INSERT INTO "run" VALUES(3,'finished','','test (token 1)','','','c1d4b5ad49b99033f321f987957bbfe0febb6320c42d585a88dd47723b8f666b',NULL,NULL,'["b.nl"]',2,1.7790000003160042763e+09,1.7790000003206305504e+09,1.7790000003390705586e+09,1.7790000003390705586e+09,0,'','',0,NULL,7,1.77960480031600427625e+09,NULL,X'5480CED06B326B87AFF211EC426C0DD9236A58037C5D6A1BBB5B52FC7A51B97D392FC52D738FB2DA4E03A1DB75892ACEFB1C6CC43F6B860FC60F1165');
INSERT INTO "run" VALUES(4,'running','','test (token 1)','','undo of run 3','128cfc1e4833df1072a25d226c0dfca356eb640d1aff07e2e635dc18883f9cb5',NULL,NULL,'["b.nl"]',2,1.77900000066143918042e+09,1.77900000066640567777e+09,NULL,NULL,0,'','',0,NULL,7,NULL,NULL,NULL);
CREATE TABLE run_row (
	run INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	line INTEGER NOT NULL, 
	action TEXT NOT NULL, 
	username TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	sealed_password BLOB, 
	generated BOOLEAN NOT NULL, 
	quota INTEGER, 
	"limit" INTEGER, 
	recovery_email TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	cells JSON NOT NULL, 
	"before" JSON NOT NULL, 
	outcome TEXT NOT NULL, 
	reason TEXT DEFAULT '' NOT NULL, 
	tries INTEGER DEFAULT 0 NOT NULL, 
	unanswered BOOLEAN DEFAULT 0 NOT NULL, 
	host_quota INTEGER, 
	host_limit INTEGER, 
	differs TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (run, position), 
	FOREIGN KEY(run) REFERENCES run (id)
)
 WITHOUT ROWID

;
INSERT INTO "run_row" VALUES(1,0,1,'create','nina','a.nl',X'E0109DBCD8A325B5D2629435276466E95F1CD5CF75DBB06907B309ADC041B30D5CB9A17BA35FBCF9',0,2048,9600,'nina@home.example','ready','{"Department": "Sales", "Initial password": "Zomer-2026-oud"}','{}','created','made; quota and limit as asked',1,0,2048,9600,'');
INSERT INTO "run_row" VALUES(1,1,2,'create','tom','a.nl',X'878444F7DF15013A9FAFDAF32E265B2D7735BF5610DFEFC15DA74EE82FB779EEA0F6423DAFF91E917B',0,1024,9600,'tom@home.example','ready','{}','{}','created','made; quota and limit as asked',1,0,1024,9600,'');
INSERT INTO "run_row" VALUES(1,2,3,'create','info','a.nl',X'AE47E71BB3B89A35D0B0D62DA95D32A336FAEAC2F82C230A4ACAE1D585CE41B424C210DBC7CEF411',0,1024,9600,'','exists','{}','{}','skipped','Already exists. Skipped. To change it, choose Existing mailboxes: update.',0,0,NULL,NULL,'');
INSERT INTO "run_row" VALUES(1,3,4,'create','bad name','a.nl',X'92443BBA711AF808F9AC512003C86AB9F803D146E81451EDA8902CF5A7F4D85AB8817E0829A3CE27',0,1024,9600,'','invalid','{}','{}','skipped','''bad name'' has a space; try bad.name.',0,0,NULL,NULL,'');
INSERT INTO "run_row" VALUES(2,0,1,'update','nina','a.nl',NULL,0,4096,NULL,'-','ready','{}','{"quota": 2048, "limit": 9600, "recovery_email": "nina@home.example"}','updated','changed; quota 2048 → 4096 as asked; recovery email removed',1,0,4096,9600,'');
INSERT INTO "run_row" VALUES(3,0,1,'create','a1','b.nl',X'3BFE8F1880E93DF18A9FC40582A396EE3AC7464591D3AA84C9C1931C53C4BD533B719495F87E323F5850AE9C',1,1024,9600,'','ready','{}','{}','created','made; quota and limit as asked',1,0,1024,9600,'');
INSERT INTO "run_row" VALUES(3,1,2,'create','a2','b.nl',X'CD2D5001B5CED0C1A3904AE43B1288D6ABE7D856F85CE010E9D097458983A511FA23BFFE59006E2581A52C62',1,1024,9600,'','ready','{}','{}','created','made; quota and limit as asked',1,0,1024,9600,'');
INSERT INTO "run_row" VALUES(4,0,1,'delete','a1','b.nl',NULL,0,NULL,NULL,'','ready','{}','{"quota": 1024, "limit": 9600, "recovery_email": "", "unused": true}','waiting','',0,0,NULL,NULL,'');
INSERT INTO "run_row" VALUES(4,1,2,'delete','a2','b.nl',NULL,0,NULL,NULL,'','ready','{}','{"quota": 1024, "limit": 9600, "recovery_email": "", "unused": true}','waiting','',0,0,NULL,NULL,'');
CREATE TABLE token (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	admin BOOLEAN NOT NULL, 
	permissions JSON NOT NULL, 
	created_by TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	expires_at FLOAT, 
	last_used_at FLOAT, 
	revoked_at FLOAT, 
	UNIQUE (digest)
);
INSERT INTO "token" VALUES(1,'test',X'53EBF2D142FC364DD0102E44A05CC4F713306DCF18558D3E2A2BB93D527FCFE5',1,'{}','local operator',1.77900000004266333579e+09,NULL,1.77900000006211853032e+09,NULL);
INSERT INTO "token" VALUES(2,'test',X'684D61ADC45209681EEBB476708D804A266D5C21836D9D6E4CACF0D0099F00CB',0,'{"a.nl": ["import", "view"]}','local operator',1.77900000063784766201e+09,1.78159200063784766204e+09,NULL,NULL);
CREATE INDEX audit_by_run ON audit (run);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX run_by_file ON run (file_digest);
CREATE INDEX run_by_status ON run (status);
CREATE INDEX attempt_by_row ON attempt (run, position);
CREATE INDEX attempt_by_time ON attempt (sent_at);
CREATE INDEX row_by_outcome ON run_row (run, outcome);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER audit_forgets_only_what_is_old BEFORE DELETE ON audit
        WHEN OLD.at >= coalesce((SELECT CAST(value AS REAL) FROM meta WHERE name = 'audit_kept_since'), 0)
        BEGIN SELECT RAISE(ABORT, 'the audit trail keeps this entry'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('run',4);
INSERT INTO "sqlite_sequence" VALUES('token',2);
COMMIT;
