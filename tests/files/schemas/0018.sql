BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0018');
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
INSERT INTO "attempt" VALUES(1,1,NULL,'read',1.79570470275039052957e+09,1.79570470282512521745e+09,'200');
INSERT INTO "attempt" VALUES(2,1,NULL,'read',1.7957047027777884007e+09,1.79570470284400176999e+09,'200');
INSERT INTO "attempt" VALUES(3,1,0,'create',1.79570470287124252318e+09,1.7957047029277470112e+09,'201');
INSERT INTO "attempt" VALUES(4,1,1,'create',1.79570470290582084654e+09,1.79570470301846551899e+09,'201');
INSERT INTO "attempt" VALUES(5,1,2,'create',1.79570470291373729702e+09,1.79570470305851578709e+09,'201');
INSERT INTO "attempt" VALUES(6,1,NULL,'read',1.79570470308650398253e+09,1.7957047030876128673e+09,'200');
INSERT INTO "attempt" VALUES(7,1,NULL,'read',1.7957047030867512226e+09,1.79570470324530506137e+09,'200');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	what TEXT NOT NULL, 
	"on" TEXT NOT NULL, 
	address TEXT NOT NULL, 
	run INTEGER, 
	outcome TEXT NOT NULL, detail JSON, version INTEGER, salt BLOB, commitment BLOB, erased BLOB, link BLOB, 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,1.79570470252875351909e+09,'kim','operator','run.start','run 1','',1,'3 rows of staff.csv','{"rows": 3}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(2,1.7957047029277470112e+09,'kim','engine','mailbox.create','nina@a.nl','',1,'',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(3,1.79570470301846551899e+09,'kim','engine','mailbox.create','tess@a.nl','',1,'',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(4,1.79570470305851578709e+09,'kim','engine','mailbox.create','tess@b.nl','',1,'',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(5,1.79570470394278931618e+09,'kim','engine','run.finished','run 1','',1,'3 created','{"counts": {"created": 3}}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(6,1.79570470412415361402e+09,'kim','operator','run.start','run 2','',2,'2 rows of late.csv','{"rows": 2}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(7,1.79570470546845483783e+09,'local operator','operator','user.add','boss@agency.example','',NULL,'admin',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(8,1.79570470715037894251e+09,'local operator','operator','user.add','viewer@agency.example','',NULL,'a.nl: view',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(9,1.7957047071993329525e+09,'local operator','operator','token.create','ci (token 1)','',NULL,'a.nl: view; ends 26 Dec, 14:51',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(10,1.79570470423607754699e+09,'kim','operator','recovery.set','nina@a.nl','192.0.2.7',NULL,'','{"removed": false}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(11,1.75250470423607754713e+09,'kim','operator','export','a.nl','192.0.2.7',NULL,'1 mailbox as CSV',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(12,1795701800.0,'boss@agency.example','operator','export','a.nl','192.0.2.7',NULL,'2 mailboxes','{"rows": 2}',1,X'9A12CB7B8901EA930B19F633C2C3FD19',NULL,NULL,X'A0F0C4425515DCDA5FC305EA7061F82E32DC180000F04414EA79D253A2B556F1');
CREATE TABLE audit_block (
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	"key" BLOB NOT NULL, 
	mark BLOB NOT NULL, 
	PRIMARY KEY (first)
);
INSERT INTO "audit_block" VALUES(1,11,X'762A415224249D87',X'9B59B84575B5C16A10E44F84A826F5D7BDA568F79788EE10B6BC90FFB17FBF55');
CREATE TABLE audit_chain (
	number INTEGER NOT NULL, 
	"key" BLOB NOT NULL, 
	at FLOAT NOT NULL, 
	why TEXT NOT NULL, 
	first INTEGER NOT NULL, 
	"before" BLOB, 
	earlier INTEGER, 
	mark BLOB NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "audit_chain" VALUES(1,X'762A415224249D87',1795701800.0,'first',12,NULL,1,X'12838DA583A9F396B5E07DB2BB1E25469F85DE1E22E07556DD20BF193A7D109C');
CREATE TABLE audit_checkpoint (
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	until FLOAT NOT NULL, 
	link BLOB, 
	"key" BLOB NOT NULL, 
	mark BLOB NOT NULL, 
	PRIMARY KEY (first)
);
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	link BLOB NOT NULL, 
	mark BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_head" VALUES(1,12,X'A0F0C4425515DCDA5FC305EA7061F82E32DC180000F04414EA79D253A2B556F1',X'999F5A6FEC3FDD2B64B551B1BA4D9581D134FFA95A2F3D153636FC6C1BDF164C');
CREATE TABLE draft (
	id TEXT NOT NULL, 
	operator TEXT NOT NULL, 
	file_name TEXT NOT NULL, 
	domains JSON NOT NULL, 
	rows INTEGER NOT NULL, 
	changed_at FLOAT NOT NULL, 
	sealed_file BLOB NOT NULL, 
	sealed_rows BLOB NOT NULL, version INTEGER DEFAULT 1 NOT NULL, begun_by TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "draft" VALUES('d1','kim','draft.csv','["a.nl"]',2,1.79570470423607754699e+09,X'1DC2660693DF8B253245D91CC9277CF6958709C1F82D05C6C1B96ACAB96711E0',X'061203E465898DC3AD38A0AD859E25F3F385BD2B29A58FE8DF3EB7D431E992DB',1,'kim');
CREATE TABLE first_seen (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
)
 WITHOUT ROWID

;
CREATE TABLE last_list (
	domain TEXT NOT NULL, 
	read_at FLOAT NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (domain)
);
INSERT INTO "last_list" VALUES('a.nl',1.79570470423607754699e+09,X'78012D8B3B0A80301005EFF2EA10A288602AEF21160B592590AC9F984ABCBB2BD8CD3CE64D376AE15328333C240AC18033C5F4EB4856926E47DD2E826F5CDB19BDD0AA7D639D418A395EF043EF540A8BF207B5EC2C8103FC42A9F033BFF8942153');
INSERT INTO "last_list" VALUES('b.nl',1.79570470324530506137e+09,X'78012D8B3B0A80301005EFF2EA2051443095F7108B15570924F1B34925DEDD15EC661EF3C61B45F84A14190E994560C0917CF87598AB14743BCB9E09AEB64D6BF4429BF6B6B206C1479FE1FACEAA0827E50F8A1C9C165EE0560AC2CFF40208C72185');
INSERT INTO "last_list" VALUES('',1.79570470423607754699e+09,X'78018B564AD4CBCB51D2514A0251B10021960440');
CREATE TABLE mailbox_name (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	name TEXT NOT NULL, 
	set_at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "mailbox_name" VALUES('a.nl','nina','Nina Berg',1.79570470423607754699e+09);
CREATE TABLE manual_write (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	address TEXT NOT NULL, 
	action TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	asked JSON NOT NULL, 
	recovery_email TEXT NOT NULL, 
	status TEXT NOT NULL, 
	settle_at FLOAT NOT NULL, 
	outcome TEXT NOT NULL, 
	passwords_until FLOAT NOT NULL, 
	sealed_password BLOB, 
	wrapped_key BLOB
, name TEXT DEFAULT '' NOT NULL);
CREATE TABLE mapping_answer (digest BLOB NOT NULL, answer JSON NOT NULL, answered_by TEXT NOT NULL, answered_at FLOAT NOT NULL, PRIMARY KEY (digest, answered_by));
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('own_cells_sealed','yes');
INSERT INTO "meta" VALUES('owner','{"epoch": 1, "id": "fe68a247bed74091878ba85f6196fa4e", "lock": "65024:2312512", "seen_at": 1795704702.396978}');
INSERT INTO "meta" VALUES('time_seen','{"at": 1795704704.1251097, "jump": null}');
CREATE TABLE once (
	caller TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	at FLOAT NOT NULL, 
	run INTEGER, 
	PRIMARY KEY (caller, "key"), 
	FOREIGN KEY(run) REFERENCES run (id)
);
CREATE TABLE pending_sign_in (
	digest BLOB NOT NULL, 
	user INTEGER NOT NULL, 
	began_at FLOAT NOT NULL, 
	how TEXT NOT NULL, 
	passed JSON NOT NULL, 
	PRIMARY KEY (digest), 
	FOREIGN KEY(user) REFERENCES user (id)
);
INSERT INTO "pending_sign_in" VALUES(X'1111111111111111111111111111111111111111111111111111111111111111',1,1795701700.0,'password','["second_factor"]');
CREATE TABLE recovery_email (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	email TEXT NOT NULL, 
	set_at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "recovery_email" VALUES('a.nl','nina','nina@home.example',1.79570470423607754699e+09);
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
	wrapped_key BLOB, kind TEXT DEFAULT 'import' NOT NULL, undo_of INTEGER REFERENCES run (id), planned_after INTEGER DEFAULT 0 NOT NULL, why_code TEXT DEFAULT '' NOT NULL, 
	FOREIGN KEY(retry_of) REFERENCES run (id), 
	UNIQUE (operator, idempotency_key)
);
INSERT INTO "run" VALUES(1,'finished','','kim','staff.csv','digest of staff.csv','458b9ba02a3d081ed864f10dc95ad2a78518445aa0a801f49b11cf79db6429bd',NULL,NULL,'["a.nl", "b.nl"]',3,1.79570470252875351909e+09,1795704702.69482,1.79570470394278931618e+09,1.79570470394278931618e+09,0,'','',0,NULL,7,1.79630950394278931614e+09,NULL,X'D0EE42F1ED1F34BFDDFCDD052EC3B06D32AFB748A62BEC7D0B6049C81AF4BD4E1F59DF9B481AC0528BCF2AD40E711DB792A8FE82D2D60EACF78A4A35','import',NULL,0,'');
INSERT INTO "run" VALUES(2,'running','','kim','late.csv','digest of late.csv','af38a0f18801ae03c040ab99fb8ba4e7ead76e4b8fd0495c1f8093ac74fd895d',NULL,NULL,'["a.nl"]',2,1.79570470412415361402e+09,1.79570470423831033703e+09,NULL,NULL,0,'','',0,NULL,7,1.79630950412415361407e+09,NULL,X'0CFB831245D14A66BD75CDC84149642A3CD3AC90F3277C71910F032E56D9A35414D3E4C4A5EE1D0D374D8C04A31D3B6496812D67D0285EA31879D609','import',NULL,5,'');
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
	differs TEXT DEFAULT '' NOT NULL, sealed_cells BLOB, proof TEXT DEFAULT '' NOT NULL, name TEXT DEFAULT '' NOT NULL, code TEXT DEFAULT '' NOT NULL, detail JSON, 
	PRIMARY KEY (run, position), 
	FOREIGN KEY(run) REFERENCES run (id)
)
 WITHOUT ROWID

;
INSERT INTO "run_row" VALUES(1,0,2,'create','nina','a.nl',X'7528207C06692FB4A0BA2875375D4151B1B83F48D2740DB70598BD90785EF0CF9F45369E997F0D60',1,1024,9600,'nina@home.example','ready','{}','{}','created','',1,0,1024,9600,'',NULL,'','Nina Berg','as_asked','{"asks_host": true, "figures": {"quota": {"asked": 1024, "has": 1024, "had": null, "planned": null}, "limit": {"asked": 9600, "has": 9600, "had": null, "planned": null}}}');
INSERT INTO "run_row" VALUES(1,1,3,'create','tess','a.nl',X'CD5BB9282EFAA9843E721EFC393A37769497B4FBCEFEAFF8411DB336C10446F66F2FBF15C8F461369D',1,1024,9600,'','ready','{}','{}','created','',1,0,1024,9600,'',NULL,'','','as_asked','{"asks_host": true, "figures": {"quota": {"asked": 1024, "has": 1024, "had": null, "planned": null}, "limit": {"asked": 9600, "has": 9600, "had": null, "planned": null}}}');
INSERT INTO "run_row" VALUES(1,2,4,'create','tess','b.nl',X'A56AC8FEFDC5C91CE713AD2FF07951FCD0169632DBA5127350C9149470736DDAA653A7CB634B4A8B96',1,1024,9600,'','ready','{}','{}','created','',1,0,1024,9600,'',NULL,'','','as_asked','{"asks_host": true, "figures": {"quota": {"asked": 1024, "has": 1024, "had": null, "planned": null}, "limit": {"asked": 9600, "has": 9600, "had": null, "planned": null}}}');
INSERT INTO "run_row" VALUES(2,0,2,'create','late','a.nl',X'15E35EA67237DEB7C3D5E6C67E008974321119D5023CA4DB201CBA517C782C6C6716C0C6FDFB62A50E',1,1024,9600,'','ready','{}','{}','waiting','',0,0,NULL,NULL,'',NULL,'','','',NULL);
INSERT INTO "run_row" VALUES(2,1,3,'create','later','a.nl',X'F880B11E206BD5FFF484ECE62699563F9D7BE5A4D3942D5F0A2E2F7B6DA8A545BE24BD2F2DE0E4EE29',1,1024,9600,'','ready','{}','{}','waiting','',0,0,NULL,NULL,'',NULL,'','','',NULL);
CREATE TABLE session (
	digest BLOB NOT NULL, 
	user INTEGER NOT NULL, 
	began_at FLOAT NOT NULL, 
	seen_at FLOAT NOT NULL, 
	address TEXT NOT NULL, 
	agent TEXT NOT NULL, 
	PRIMARY KEY (digest), 
	FOREIGN KEY(user) REFERENCES user (id)
);
CREATE TABLE sign_in_refused (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	name BLOB NOT NULL, 
	address TEXT NOT NULL, 
	PRIMARY KEY (id)
);
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
	revoked_at FLOAT, owner INTEGER REFERENCES "user" (id), 
	UNIQUE (digest)
);
INSERT INTO "token" VALUES(1,'ci',X'3EE48D7F22027ABC7522C2F42D745AC21143460F9F485A42E634E5869C5D9C3A',0,'{"a.nl": ["view"]}','local operator',1.7957047071993329525e+09,1.79829670719933295249e+09,NULL,NULL,NULL);
CREATE TABLE user (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	password_hash TEXT, 
	subject TEXT, 
	admin BOOLEAN NOT NULL, 
	permissions JSON NOT NULL, 
	created_by TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	password_set_at FLOAT, 
	last_sign_in_at FLOAT, 
	disabled_at FLOAT, 
	UNIQUE (name), 
	UNIQUE (subject)
);
INSERT INTO "user" VALUES(1,'boss@agency.example','$argon2id$v=19$m=65536,t=3,p=4$lzAUNWsbmVdCkVuzgmMTew$GvNAEnUmzRHih8AWaqs7zwiSJrH2uDkhvIiKsYVL9X4',NULL,1,'{}','local operator',1.79570470546845483783e+09,1.79570470546845483783e+09,NULL,NULL);
INSERT INTO "user" VALUES(2,'viewer@agency.example','$argon2id$v=19$m=65536,t=3,p=4$wQJequJB/kjTagNS/YfZSw$bKY9RZ0h23zlw5aAMPX8Dg5+gWQOGSFa+melCi6MvfA',NULL,0,'{"a.nl": ["view"]}','local operator',1.79570470715037894251e+09,1.79570470715037894251e+09,NULL,NULL);
CREATE INDEX audit_by_run ON audit (run);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX run_by_file ON run (file_digest);
CREATE INDEX run_by_status ON run (status);
CREATE INDEX attempt_by_row ON attempt (run, position);
CREATE INDEX attempt_by_time ON attempt (sent_at);
CREATE INDEX row_by_outcome ON run_row (run, outcome);
CREATE INDEX session_by_user ON session (user);
CREATE INDEX refused_by_time ON sign_in_refused (at);
CREATE INDEX audit_by_subject ON audit ("on");
CREATE INDEX row_by_mailbox ON run_row (domain, username);
CREATE INDEX manual_write_by_mailbox ON manual_write (domain, username);
CREATE INDEX row_by_domain ON run_row (run, domain, verdict, outcome);
CREATE INDEX pending_by_user ON pending_sign_in (user);
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit
    WHEN NEW.id <= coalesce((SELECT max(last) FROM audit_head), 0) OR EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    WHEN NOT (
        NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.kind IS OLD.kind AND NEW.what IS OLD.what AND NEW.run IS OLD.run
        AND NEW.version IS OLD.version AND NEW.link IS OLD.link AND NEW.salt IS NULL
        AND (NEW.commitment IS OLD.commitment OR OLD.commitment IS NULL)
        AND (OLD.version IS NULL OR NEW.erased IS NOT NULL)
        AND NEW.who IN (OLD.who, '(erased)') AND NEW."on" IN (OLD."on", '(erased)')
        AND NEW.address IN (OLD.address, '(erased)') AND NEW.outcome IN (OLD.outcome, '(erased)')
        AND (NEW.detail IS OLD.detail OR NEW.detail IS NULL)
    )
    BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER audit_forgets_only_what_is_old BEFORE DELETE ON audit
    WHEN NOT EXISTS (SELECT 1 FROM audit_checkpoint WHERE OLD.id BETWEEN first AND last AND OLD.at < until)
    BEGIN SELECT RAISE(ABORT, 'the audit log keeps this entry'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('run',2);
INSERT INTO "sqlite_sequence" VALUES('user',2);
INSERT INTO "sqlite_sequence" VALUES('token',1);
COMMIT;
