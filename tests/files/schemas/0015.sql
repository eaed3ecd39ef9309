BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0015');
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
INSERT INTO "attempt" VALUES(1,1,NULL,'read',1.79566779826833057402e+09,1.79566779829731774332e+09,'200');
INSERT INTO "attempt" VALUES(2,1,0,'create',1.79566779836733603475e+09,1795667798.57441,'201');
INSERT INTO "attempt" VALUES(3,1,1,'create',1.79566779845920968059e+09,1.79566779865274810798e+09,'201');
INSERT INTO "attempt" VALUES(4,1,NULL,'read',1.79566779871467614173e+09,1.79566779871559739113e+09,'200');
INSERT INTO "attempt" VALUES(5,2,NULL,'read',1.79566780025901293754e+09,1.79566780026362729071e+09,'200');
INSERT INTO "attempt" VALUES(6,2,0,'read',1.79566780027760124205e+09,1.79566780028068685532e+09,'200');
INSERT INTO "attempt" VALUES(7,2,0,'update',1.79566780031198072438e+09,1.79566780032143545153e+09,'200');
INSERT INTO "attempt" VALUES(8,2,NULL,'read',1.7956678003288269043e+09,1.79566780032948613166e+09,'200');
INSERT INTO "attempt" VALUES(9,3,NULL,'read',1.79566780063180160519e+09,1.79566780063891053204e+09,'200');
INSERT INTO "attempt" VALUES(10,3,0,'create',1.79566780065618848802e+09,1.79566780066874265666e+09,'201');
INSERT INTO "attempt" VALUES(11,3,1,'create',1.79566780066143250461e+09,1.7956678006784746647e+09,'201');
INSERT INTO "attempt" VALUES(12,3,NULL,'read',1.79566780071078896524e+09,1.79566780071159362791e+09,'200');
INSERT INTO "attempt" VALUES(13,4,NULL,'read',1.7956678010887145996e+09,1.79566780109142088892e+09,'200');
INSERT INTO "attempt" VALUES(14,4,0,'read',1.79566780119708442687e+09,1.79566780119802308084e+09,'200');
INSERT INTO "attempt" VALUES(15,4,0,'update',1.79566780125768208501e+09,1.79566780127197051048e+09,'200');
INSERT INTO "attempt" VALUES(16,4,NULL,'read',1.79566780129724168782e+09,1.7956678013024170399e+09,'200');
INSERT INTO "attempt" VALUES(17,5,NULL,'read',1.79566780845081520076e+09,1.79566780845309185979e+09,'200');
INSERT INTO "attempt" VALUES(18,5,0,'read',1.795667808486572504e+09,1.79566780848762035365e+09,'200');
INSERT INTO "attempt" VALUES(19,5,1,'read',1.79566780848675394059e+09,1.79566780850135803218e+09,'200');
INSERT INTO "attempt" VALUES(20,5,0,'delete',1.79566780851900744441e+09,1.79566780855520367627e+09,'204');
INSERT INTO "attempt" VALUES(21,5,1,'delete',1795667808.54059,1.79566780857535839076e+09,'204');
INSERT INTO "attempt" VALUES(22,5,NULL,'read',1.79566780861163473132e+09,1.79566780861411094661e+09,'200');
INSERT INTO "attempt" VALUES(23,6,NULL,'read',1.79566780901159930234e+09,1.79566780901451373102e+09,'no answer');
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
INSERT INTO "audit" VALUES(1,1.79566779639931726458e+09,'local operator','operator','token.create','test (token 1)','',NULL,'admin; never ends');
INSERT INTO "audit" VALUES(2,1.79566779801643395426e+09,'test (token 1)','token','run.start','run 1','testclient',1,'2 rows of a table');
INSERT INTO "audit" VALUES(3,1795667798.57441,'test (token 1)','engine','mailbox.create','nina@a.nl','',1,'');
INSERT INTO "audit" VALUES(4,1.79566779865274810798e+09,'test (token 1)','engine','mailbox.create','tom@a.nl','',1,'');
INSERT INTO "audit" VALUES(5,1.7956677988636527061e+09,'test (token 1)','engine','run.finished','run 1','',1,'2 created, 2 skipped');
INSERT INTO "audit" VALUES(6,1.79566780012058424954e+09,'test (token 1)','token','run.start','run 2','testclient',2,'2 rows of a table');
INSERT INTO "audit" VALUES(7,1.79566780017207455635e+09,'test (token 1)','engine','recovery.set','tom@a.nl','',2,'');
INSERT INTO "audit" VALUES(8,1.79566780032143545153e+09,'test (token 1)','engine','mailbox.update','nina@a.nl','',2,'quota 2048 → 4096');
INSERT INTO "audit" VALUES(9,1.79566780034517025949e+09,'test (token 1)','engine','run.finished','run 2','',2,'2 updated');
INSERT INTO "audit" VALUES(10,1.79566780053763914103e+09,'test (token 1)','token','run.start','run 3','testclient',3,'2 rows of a table');
INSERT INTO "audit" VALUES(11,1.79566780066874265666e+09,'test (token 1)','engine','mailbox.create','a1@b.nl','',3,'');
INSERT INTO "audit" VALUES(12,1.7956678006784746647e+09,'test (token 1)','engine','mailbox.create','a2@b.nl','',3,'');
INSERT INTO "audit" VALUES(13,1.79566780073646759981e+09,'test (token 1)','engine','run.finished','run 3','',3,'2 created');
INSERT INTO "audit" VALUES(14,1.79566780098827624319e+09,'test (token 1)','token','run.start','run 4','testclient',4,'2 rows of a table');
INSERT INTO "audit" VALUES(15,1.79566780098827624319e+09,'test (token 1)','token','run.undo','run 2','testclient',2,'by run 4');
INSERT INTO "audit" VALUES(16,1.79566780106273531916e+09,'test (token 1)','engine','recovery.set','tom@a.nl','',4,'removed');
INSERT INTO "audit" VALUES(17,1.79566780127197051048e+09,'test (token 1)','engine','mailbox.update','nina@a.nl','',4,'quota 4096 → 2048');
INSERT INTO "audit" VALUES(18,1.79566780133869576454e+09,'test (token 1)','engine','run.finished','run 4','',4,'2 updated');
INSERT INTO "audit" VALUES(19,1.79566780158182096481e+09,'test (token 1)','token','mailbox.update','tom@a.nl','testclient',NULL,'quota 1024 → 512');
INSERT INTO "audit" VALUES(20,1.79566780263061356545e+09,'local operator','operator','user.add','boss@agency.example','',NULL,'admin');
INSERT INTO "audit" VALUES(21,1.79566780401795935634e+09,'local operator','operator','user.add','importer@agency.example','',NULL,'a.nl: import; b.nl: view');
INSERT INTO "audit" VALUES(22,1.79566780513357234002e+09,'local operator','operator','user.add','everywhere@agency.example','',NULL,'*: import; a.nl: import, delete');
INSERT INTO "audit" VALUES(23,1.79566780793104362485e+09,'local operator','operator','user.add','viewer@agency.example','',NULL,'*: view, export; b.nl: import');
INSERT INTO "audit" VALUES(24,1.79566780795476913456e+09,'local operator','operator','token.create','test (token 2)','',NULL,'a.nl: import, view; never ends');
INSERT INTO "audit" VALUES(25,1.79566780797067761417e+09,'local operator','operator','token.create','test (token 3)','',NULL,'a.nl: import; never ends');
INSERT INTO "audit" VALUES(26,1.79566780836094427105e+09,'test (token 1)','token','run.start','run 5','testclient',5,'2 rows of Delete mailboxes');
INSERT INTO "audit" VALUES(27,1.79566780855520367627e+09,'test (token 1)','engine','mailbox.delete','a1@b.nl','',5,'');
INSERT INTO "audit" VALUES(28,1.79566780857535839076e+09,'test (token 1)','engine','mailbox.delete','a2@b.nl','',5,'');
INSERT INTO "audit" VALUES(29,1.7956678086439073086e+09,'test (token 1)','engine','run.finished','run 5','',5,'2 deleted');
INSERT INTO "audit" VALUES(30,1.79566780893116760249e+09,'test (token 1)','token','run.start','run 6','testclient',6,'2 rows of a table');
INSERT INTO "audit" VALUES(31,1.79571670912973523136e+09,'MXM','engine','user.change','importer@agency.example','',NULL,'import includes view from this release on: a.nl: view, import; b.nl: view');
INSERT INTO "audit" VALUES(32,1.79571670912973523136e+09,'MXM','engine','user.change','everywhere@agency.example','',NULL,'import includes view from this release on: *: view, import; a.nl: view, import, delete');
INSERT INTO "audit" VALUES(33,1.79571670912973523136e+09,'MXM','engine','user.change','viewer@agency.example','',NULL,'import includes view from this release on: *: view, export; b.nl: view, import');
INSERT INTO "audit" VALUES(34,1.79571670912973523136e+09,'MXM','engine','token.change','test (token 3)','',NULL,'import includes view from this release on: a.nl: view, import');
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
INSERT INTO "draft" VALUES('7eadb039323543099defdb3fb2e3aa7b','local operator','staff.csv','["a.nl"]',1,1.79566780806881952283e+09,X'4D1442F54C5DAFCB9B2D406751AC22861A2407228A45A80F61DEBDC3C8353AC0E29AF1F915D3BF7ED39FF2022DFB873424490638FDC87B9CCE9B7100213FB2B8DFC9EA98BB78F33D1FF94553214A6346EA117F89DD24',X'4835C8CC8C6044EB0E354A02F1FED23933E598938F3D67F158C37FFFC5EC462751CA227D4EFC9A3696E19584367B79523F2B7A61DB020453D61071A58109BD0CE219ECF76880D36AE5235470F335B0D8FB379D2B895804E140C3BD286637753FC7E8A2C4D9C618606739EE7E1A7183253A33DFD08BDCA86F9671DD897DE2C45C524614EEAC6F942326AE9C42BE5B42ED97C754532CED9186004EBE7550B945568ED15FF9836F95C078BA1041C8D70EF26D99E92C5F98CFEE9FAEE954AF7C142FF145C4DFF01F50C4337ACBBC37333FB4042B847F1F6D823B659BBBE2EC1939C48701B6FFF9D35C151C6839A50E193B8EB35FB9D123E631681CBE5D5EEFE554F648BE32B1DC1A00F87BF7F7AE74B6D1EF9C2AD8C2E4FFE766F271AA4ACF53431D45557EE870BFDF4D27A98ED13ECEE096CEB801DCB7B8DC72300468A4BD79750375EA3A1DD1E60D8DB0304C0D1E6AAD3ABBD9282782CB41DACB7D55E9C9088DBB3D9F43F500B3833F6727D01FB67E45834D4E6112E072CFD674887D53A22B268254D3A4115C38B0C90604E12D0E1A04551318455FCD83ADAF29B35974C43FB76627113D3B94F88428EA8FC3F277B8F2A0C23DCEDBEAC1E13D2BC766AE4F96D7EC144C3BE18A76E00B10ED8D431B32D36F8F98F556AFF17DD8D3B7E695DA4E9F31AACAA920D64FEFC7B65E03885098530C041BF74506D29E985022BC0A57540472B028300DA8CCB606A4AFA69D92A770ED4E1FA72670A74B123E2C4693092DC3F1E43C255D4B3188A2FEF8ABD6B0F736BA68C66A6B53D23AD518D6D4E49F0E9D6DD7A16DFB2F6CF55A90460233F2F9613FC90342BEB8AE4D63576DB0E398702CD610E9A3E8C2F4D2E747FE106F9F3CA73A077464C537B85BE74B446B184E7158110729206509621AF5870FD53C15F09688B956257F07A41D39DCFB8502F77369D67D6F52635669CEB7F686651BA764946A541DAA379B732D95F9F7E6C03B0472316E6A8EEE63B0847C532AF08B68830D9F1296677AFB572D3BF1B49C4868B57239D6746ADEC0BD45919CFC5D4CA9B5C995',1,'local operator');
CREATE TABLE first_seen (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
)
 WITHOUT ROWID

;
INSERT INTO "first_seen" VALUES('a.nl','old',1.79566779650304412848e+09);
CREATE TABLE last_list (
	domain TEXT NOT NULL, 
	read_at FLOAT NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (domain)
);
INSERT INTO "last_list" VALUES('a.nl',1.79566780130241727833e+09,X'7801ADCDB10A02310C80E177C95C8E5C39453BF91EE2106894429AAA6D27F1DDCDC10DE78DE2963F247CE717F4CA4FA5CC1040931238E04C49963CD1A062BB472F8D20789C0ECE5EE866F738A00349393508C73D5A54569BE7A1D73B6BE408E14A52F9EDBEA02271E5586D9811FDF407A695BC62AC36CC6EF43F29970F390B613A');
INSERT INTO "last_list" VALUES('',1.79566779773013472558e+09,X'78018B564AD4CBCB51D2514A8250C9202A16004591061B');
INSERT INTO "last_list" VALUES('b.nl',1.79566780861411094661e+09,X'78018B8E0500011500B9');
INSERT INTO "last_list" VALUES('c.nl',1.79566780811011862759e+09,X'78018B8E0500011500B9');
CREATE TABLE mailbox_name (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	name TEXT NOT NULL, 
	set_at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "mailbox_name" VALUES('a.nl','nina','Nina van den Berg',1795701500.0);
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
INSERT INTO "manual_write" VALUES(2,1795701500.0,'boss@agency.example','operator','192.0.2.7','update','a.nl','nina','{"detail": "full name"}','','uncertain',1795701560.0,'',1796306300.0,NULL,NULL,'Nina Berg');
CREATE TABLE mapping_answer (digest BLOB NOT NULL, answer JSON NOT NULL, answered_by TEXT NOT NULL, answered_at FLOAT NOT NULL, PRIMARY KEY (digest, answered_by));
INSERT INTO "mapping_answer" VALUES(X'0101010101010101010101010101010101010101010101010101010101010101','{"meanings": {"Phone": "other"}}','boss@agency.example',1.79566780809910941127e+09);
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('own_cells_sealed','yes');
INSERT INTO "meta" VALUES('account_storage_2','{"used": 0, "limit": 0, "reckoned_at": 1795665600.0, "read_at": 1795667808.340803, "grace_until": ""}');
INSERT INTO "meta" VALUES('before_empty_list:b.nl','{"usernames": ["a1", "a2"], "at": 1795667808.4530919, "first": {}}');
INSERT INTO "meta" VALUES('time_seen','{"at": 1795667808.931588, "jump": null}');
INSERT INTO "meta" VALUES('owner','{"epoch": 1, "id": "a53f8d6127e34dd298be8042d092ab15", "lock": ""}');
CREATE TABLE once (
	caller TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	at FLOAT NOT NULL, 
	run INTEGER, 
	PRIMARY KEY (caller, "key"), 
	FOREIGN KEY(run) REFERENCES run (id)
);
CREATE TABLE recovery_email (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	email TEXT NOT NULL, 
	set_at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "recovery_email" VALUES('a.nl','nina','nina@home.nl',1795667798.57441);
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
	wrapped_key BLOB, kind TEXT DEFAULT 'import' NOT NULL, undo_of INTEGER REFERENCES run (id), planned_after INTEGER DEFAULT 0 NOT NULL, 
	FOREIGN KEY(retry_of) REFERENCES run (id), 
	UNIQUE (operator, idempotency_key)
);
INSERT INTO "run" VALUES(1,'finished','','test (token 1)','','','d3517e98a62da8e48b53da36357568fbe7685c89f94e3620280877851456bbd4',NULL,NULL,'["a.nl"]',4,1.79566779801643395426e+09,1.79566779825099396704e+09,1.7956677988636527061e+09,1.7956677988636527061e+09,0,'','',0,NULL,7,1.79627259886365270614e+09,NULL,X'9CA075430CF39CAC7C2EA7E745311015D3FB4B4A57742B09B678A8160FEE97EC9B4FA59A56F25FD9167215B900E9F087810594CE51E5739F075F717A','import',NULL,1);
INSERT INTO "run" VALUES(2,'finished','','test (token 1)','','','20b46451b980543acf7dfdf42bb38bc5763f85a133bba389f6a76f152fac696d',NULL,NULL,'["a.nl"]',2,1.79566780012058424954e+09,1.79566780016331219672e+09,1.79566780034517025949e+09,1.79566780034517025949e+09,1,'limit 9600, not 300','',0,NULL,7,NULL,NULL,NULL,'import',NULL,5);
INSERT INTO "run" VALUES(3,'finished','','test (token 1)','','','62f478440e0ea841984ba0f2fe1d5c8e261bc8b572568fd84e7075410c87e982',NULL,NULL,'["b.nl"]',2,1.79566780053763914103e+09,1.79566780059770345684e+09,1.79566780073646759981e+09,1.79566780073646759981e+09,0,'','',0,NULL,7,1.79627260073646759989e+09,NULL,X'3825F01B36BAD67ADD2CF84DA0B900D8BB4A8D7BF503196F6B96E404CDC173B4B79CDD392B6406660925213A5B85091591023299B5B6299B31D58DE9','import',NULL,9);
INSERT INTO "run" VALUES(4,'finished','','test (token 1)','','undo of run 2','206a35209b4851e8c6a6feeeeb7dd75bd574a3759b90795eec02dbffff26751e',NULL,NULL,'["a.nl"]',2,1.79566780098827624319e+09,1.79566780103952074046e+09,1.79566780133869576454e+09,1.79566780133869576454e+09,0,'','',0,NULL,7,NULL,NULL,NULL,'undo',2,13);
INSERT INTO "run" VALUES(5,'finished','','test (token 1)','Delete mailboxes','','128cfc1e4833df1072a25d226c0dfca356eb640d1aff07e2e635dc18883f9cb5','change 37c1197812a12d4bc3b9427c068fe512',NULL,'["b.nl"]',2,1.79566780836094427105e+09,1.79566780841039252284e+09,1.7956678086439073086e+09,1.7956678086439073086e+09,0,'','',0,NULL,7,NULL,NULL,NULL,'delete',NULL,25);
INSERT INTO "run" VALUES(6,'running','','test (token 1)','','','8661a92f92380ccebc2d8f414d4e981171a8fb1fa4f433c2b1505524f807e5c6',NULL,NULL,'["c.nl"]',2,1.79566780893116760249e+09,1.79566780898703980441e+09,NULL,NULL,0,'','',0,NULL,7,1.79627260893116760254e+09,NULL,X'5EB8B6AA9C069C37B17005076FAC366B2FAB408599AE5B7B5A83F0467B64174A3B21ED9B1ECC8A568186F263C82348913F383CA8A4B47583FF954BB6','import',NULL,29);
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
	differs TEXT DEFAULT '' NOT NULL, sealed_cells BLOB, proof TEXT DEFAULT '' NOT NULL, name TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (run, position), 
	FOREIGN KEY(run) REFERENCES run (id)
)
 WITHOUT ROWID

;
INSERT INTO "run_row" VALUES(1,0,1,'create','nina','a.nl',X'154A3F972FB53F7B939980C8C0EAA886A3E0DC2C4BBC4C92DE6950BD565CC7E44CD5041F3B53B1D4',0,2048,9600,'nina@home.nl','ready','{}','{}','created','made; quota and limit as asked',1,0,2048,9600,'',NULL,'','Nina van den Berg');
INSERT INTO "run_row" VALUES(1,1,2,'create','tom','a.nl',X'5B52ABE87ADAF981007D30A551254FF5FD0908E096CD2BC6149FF476156995287AFE76CD53A61090',0,1024,9600,'','ready','{}','{}','created','made; quota and limit as asked',1,0,1024,9600,'',NULL,'','');
INSERT INTO "run_row" VALUES(1,2,3,'create','old','a.nl',X'E7D3417DBF482ADA2B822DEFAC03EA6326D07C94C3300031FA229CF2B78ACF12EBBA3C9D420CF0C3',0,1024,9600,'','exists','{}','{}','skipped','Already exists. Skipped. To change it, choose Existing mailboxes: update.',0,0,NULL,NULL,'',NULL,'','');
INSERT INTO "run_row" VALUES(1,3,4,'create','b ad','a.nl',X'3349BCC26DAF7ABB9E1F3F6FA5EEB5C88B0DA3A0B80205CC2B0525728778FBE68153BF90A00594CB',0,1024,9600,'','invalid','{}','{}','skipped','''b ad'' has a space; try b.ad.',0,0,NULL,NULL,'',NULL,'','');
INSERT INTO "run_row" VALUES(2,0,1,'update','nina','a.nl',NULL,0,4096,300,'','ready','{}','{"quota": 2048, "limit": 9600, "recovery_email": "nina@home.nl"}','updated','changed; quota 2048 → 4096 as asked; limit is 9600, not 300 as asked (it changes only together with a password)',1,0,4096,9600,'limit 9600, not 300',NULL,'','');
INSERT INTO "run_row" VALUES(2,1,2,'update','tom','a.nl',NULL,0,NULL,NULL,'tom@home.nl','ready','{}','{"quota": 1024, "limit": 9600, "recovery_email": ""}','updated','recovery email set',0,0,1024,9600,'',NULL,'','');
INSERT INTO "run_row" VALUES(3,0,1,'create','a1','b.nl',X'1856266D5974F0A5E1E7A28901252EA02A01098E43D9BD940D27457779A24E045710EDB31602F13F',0,1024,9600,'','ready','{}','{}','created','made; quota and limit as asked',1,0,1024,9600,'',NULL,'','');
INSERT INTO "run_row" VALUES(3,1,2,'create','a2','b.nl',X'7077A8A0410E9BF15158296C0AC0EA1C9B46AC70E951084D91C0BC540B9BF6B61B683A8ABF76BE3E',0,1024,9600,'','ready','{}','{}','created','made; quota and limit as asked',1,0,1024,9600,'',NULL,'','');
INSERT INTO "run_row" VALUES(4,0,1,'update','nina','a.nl',NULL,0,2048,NULL,'','ready','{}','{"quota": 4096, "limit": 9600, "recovery_email": null, "unchanged": true}','updated','changed; quota 4096 → 2048 as asked',1,0,2048,9600,'',NULL,'','');
INSERT INTO "run_row" VALUES(4,1,2,'update','tom','a.nl',NULL,0,NULL,NULL,'-','ready','{}','{"quota": 1024, "limit": 9600, "recovery_email": "tom@home.nl", "unchanged": true}','updated','recovery email removed',0,0,1024,9600,'',NULL,'','');
INSERT INTO "run_row" VALUES(5,0,1,'delete','a1','b.nl',NULL,0,NULL,NULL,'','ready','{}','{"quota": 1024, "limit": 9600, "recovery_email": "", "usage": 0.0, "sent": 0}','deleted','deleted',1,0,NULL,NULL,'',NULL,'','');
INSERT INTO "run_row" VALUES(5,1,2,'delete','a2','b.nl',NULL,0,NULL,NULL,'','ready','{}','{"quota": 1024, "limit": 9600, "recovery_email": "", "usage": 0.0, "sent": 0}','deleted','deleted',1,0,NULL,NULL,'',NULL,'','');
INSERT INTO "run_row" VALUES(6,0,1,'create','z1','c.nl',X'85DBE1C02438A20B28A3552138257EED8C29D0AD646C62C6BE1AC76A1DB16A62489B6FDB0DE3E22D',0,1024,9600,'','ready','{}','{}','waiting','',0,0,NULL,NULL,'',NULL,'','');
INSERT INTO "run_row" VALUES(6,1,2,'create','z2','c.nl',X'62A6BA36FE02D91B018A63CCD038C309010F475F295158713872A08B9FCA3622082746BED4A17C7A',0,1024,9600,'','ready','{}','{}','waiting','',0,0,NULL,NULL,'',NULL,'','');
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
INSERT INTO "token" VALUES(1,'test',X'C8AE7CD3146AF40DA690D0E855C1820161348D0F20940E191123B1AE260B5C78',1,'{}','local operator',1.79566779639931726458e+09,NULL,1.79566779665578079225e+09,NULL,NULL);
INSERT INTO "token" VALUES(2,'test',X'05F3D9A38CA720A817D4F080B390E1103D96ADEF2A141C3CB609F455847535A3',0,'{"a.nl": ["import", "view"]}','local operator',1.79566780795476913456e+09,NULL,NULL,NULL,NULL);
INSERT INTO "token" VALUES(3,'test',X'1406347864BD4E490D5BCAA5A32B844FE50E90FD57731F722BC2365E3C862219',0,'{"a.nl": ["view", "import"]}','local operator',1.79566780797067761417e+09,NULL,NULL,NULL,NULL);
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
INSERT INTO "user" VALUES(1,'boss@agency.example','$argon2id$v=19$m=65536,t=3,p=4$FxHHuW6vZ3+ZC6E11akPeg$z5urgod6+MzGj/4OtWGI77rVXu+OA8wH593OFx4qoKs',NULL,1,'{}','local operator',1.79566780263061356545e+09,1.79566780263061356545e+09,NULL,NULL);
INSERT INTO "user" VALUES(2,'importer@agency.example','$argon2id$v=19$m=65536,t=3,p=4$72SEiSjnXl95x/mfFUupwQ$6GbEkytm8Q4SPK4UraXU8Dcb6g7hNYyOOgEiiixMxhg',NULL,0,'{"a.nl": ["view", "import", "delete"]}','local operator',1.79566780401795935634e+09,1.79566780401795935634e+09,NULL,NULL);
INSERT INTO "user" VALUES(3,'everywhere@agency.example','$argon2id$v=19$m=65536,t=3,p=4$ihZ+jJHEMAxh3NR1Vi0z5A$2+C5nrlFKN2fc9ddVJedyTZuFWQ0iWYHBHTzfICc110',NULL,0,'{"*": ["view", "import"], "a.nl": ["view", "import", "delete"]}','local operator',1.79566780513357234002e+09,1.79566780513357234002e+09,NULL,NULL);
INSERT INTO "user" VALUES(4,'viewer@agency.example','$argon2id$v=19$m=65536,t=3,p=4$lCi6czYVoAjVUSa+/2Vqgw$UKSbYJ8u5X65QtZADXiWpe9Oqw6/S4VGfz+dQuCy5nc',NULL,0,'{"*": ["view", "export"], "b.nl": ["view", "import"]}','local operator',1.79566780793104362485e+09,1.79566780793104362485e+09,NULL,NULL);
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
CREATE INDEX session_by_user ON session (user);
CREATE INDEX refused_by_time ON sign_in_refused (at);
CREATE INDEX audit_by_subject ON audit ("on");
CREATE INDEX row_by_mailbox ON run_row (domain, username);
CREATE INDEX manual_write_by_mailbox ON manual_write (domain, username);
CREATE INDEX row_by_domain ON run_row (run, domain, verdict, outcome);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('token',3);
INSERT INTO "sqlite_sequence" VALUES('run',6);
INSERT INTO "sqlite_sequence" VALUES('manual_write',2);
INSERT INTO "sqlite_sequence" VALUES('user',4);
COMMIT;
