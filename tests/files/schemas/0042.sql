BEGIN TRANSACTION;
CREATE TABLE account_lease (
	account INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	until FLOAT NOT NULL, 
	lock TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (account)
);
INSERT INTO "account_lease" VALUES(1,'a server that ended',3,1795704721.0,'');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0042');
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
INSERT INTO "attempt" VALUES(1,1,NULL,'read',1.79570472236102581017e+09,1.7957047223790123463e+09,'200');
INSERT INTO "attempt" VALUES(2,1,NULL,'read',1.79570472234804105757e+09,1.79570472242081403731e+09,'200');
INSERT INTO "attempt" VALUES(3,1,0,'create',1795704722.44607,1.79570472251692700386e+09,'201');
INSERT INTO "attempt" VALUES(4,1,1,'create',1.79570472247424244884e+09,1.79570472258289551737e+09,'201');
INSERT INTO "attempt" VALUES(5,1,2,'create',1.79570472248935341839e+09,1.79570472259547376635e+09,'201');
INSERT INTO "attempt" VALUES(6,1,NULL,'read',1.79570472272908878332e+09,1.79570472273011898993e+09,'200');
INSERT INTO "attempt" VALUES(7,1,NULL,'read',1.79570472272923755642e+09,1795704722.85767,'200');
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
INSERT INTO "audit" VALUES(2,1.79570472251692700386e+09,'kim','engine','mailbox.create','(erased)','',1,'',NULL,1,NULL,X'3F2519AEF1EC0FE52B57F2EDE6A9E582C08B0345EE59D853D791CBA7C9848506',X'B4E040C68B5B2DADD939B6C6C812055BF2C18930983245EC84E21E43B1B3B066',X'5591B75F1D9319A267B99505849359758A9A87973DE20A2B14D7D508C9F13FCB');
INSERT INTO "audit" VALUES(3,1.79570472258289551737e+09,'kim','engine','mailbox.create','tess@a.nl','',1,'',NULL,1,X'9226CFD9F5E779FBA62198ED3415ABAD',NULL,NULL,X'256AE95BE2233FA15EFC1ED84FAFD79D43D2F4F05EEC760C38B43BBA29B7538D');
INSERT INTO "audit" VALUES(4,1.79570472259547376635e+09,'kim','engine','mailbox.create','tess@b.nl','',1,'',NULL,1,X'D7EE26E5895100DD475B89260DFB88A9',NULL,NULL,X'DEE82C58771243F293FE27C23FDC5D46B6C786E656EF16DA14280FDD925177F8');
INSERT INTO "audit" VALUES(5,1.79570472296376967436e+09,'kim','engine','run.finished','run 1','',1,'3 created','{"counts": {"created": 3}}',1,X'82DFB68541F4DA3C9DD75312C72EDFE3',NULL,NULL,X'1BB99B600B93FF9D7C4201386948A27B202D9C1B64774DBB762E0FE1001E5841');
INSERT INTO "audit" VALUES(6,1.79570472350339078908e+09,'kim','operator','run.start','run 2','',2,'2 rows of late.csv','{"rows": 2}',1,X'64096DC20BE5C5A10304C376B813AE00',NULL,NULL,X'AC8C1AEB64542AFBA95C8F3D3CEAF4E5087A3C7990D97C3B96DF3E64692AE1A0');
INSERT INTO "audit" VALUES(7,1.79570472499772977831e+09,'local operator','operator','user.add','boss@agency.example','',NULL,'admin',NULL,1,X'B8BE76AA5DCF59A028CB4A03E186E3A5',NULL,NULL,X'DE09D2F9B223D7F3E850C268336B52E1D4DBB09162D9D38713BA223EE6993ABE');
INSERT INTO "audit" VALUES(8,1.79570472650586724283e+09,'local operator','operator','user.add','viewer@agency.example','',NULL,'a.nl: view',NULL,1,X'A2DAEA4896B312E8DAB9D79BDEF595E3',NULL,NULL,X'C52722154095C3BEE2560DF6D0F2DC1620EA1A2906ACCFEBE5F5621EE898E47D');
INSERT INTO "audit" VALUES(9,1.79570472652826881409e+09,'local operator','operator','token.create','ci (token 1)','',NULL,'a.nl: view; ends 26 Dec, 14:52',NULL,1,X'9BCD7F0AB5A8AB09B0FB2D741EB817EF',NULL,NULL,X'3870994B6DC5A24B0E7E69139A5FD19B4D2A588587975425F7C9B420B0305F7E');
INSERT INTO "audit" VALUES(10,1.79570472359202575681e+09,'kim','operator','recovery.set','nina@a.nl','192.0.2.7',NULL,'','{"removed": false}',1,X'0A99B443DA5672097D9D047109526CB1',NULL,NULL,X'715BD367BECEE295570786C93FF3625D484F56A4B07A580613C4C99936DED225');
INSERT INTO "audit" VALUES(11,1.75250472359202575682e+09,'kim','operator','export','a.nl','192.0.2.7',NULL,'1 mailbox as CSV',NULL,1,X'FA185E771252189159CAA7574FD03D25',NULL,NULL,X'8289FCB268AC430CDF477ADAF720C7561D83BAA2B20F81E55937856884C18F9A');
INSERT INTO "audit" VALUES(12,1.79570472359202575681e+09,'kim','operator','export','b.nl','',NULL,'1 mailbox as CSV',NULL,1,X'E995C8D3AF1C04B9FAF365E95F4BDE67',NULL,NULL,X'2AF165624B486CF4B2E78F14DFF09EE7A71FAF8936E577639056536BE0270188');
CREATE TABLE audit_block (
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	"key" BLOB NOT NULL, 
	mark BLOB NOT NULL, 
	PRIMARY KEY (first)
);
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
INSERT INTO "audit_chain" VALUES(1,X'762A415224249D87',1.79570472142798376086e+09,'first',1,NULL,NULL,X'BF13D0A192CB55782E632611D347AA16BDFAD3987304369D368EA57FD5C094C7');
CREATE TABLE audit_checkpoint (
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	until FLOAT NOT NULL, 
	link BLOB, 
	"key" BLOB NOT NULL, 
	mark BLOB NOT NULL, 
	PRIMARY KEY (first)
);
INSERT INTO "audit_checkpoint" VALUES(1,1,1.79570473359202575688e+09,X'8402EBFC8E488161DD37794484F2D6FA27A9719D288E1EF09B94946B4561AF01',X'762A415224249D87',X'59390307A5D6E43F9C75188FD817C9A91AFE710D36F709BCA8035784AEE2CE0C');
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	link BLOB NOT NULL, 
	mark BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_head" VALUES(1,12,X'2AF165624B486CF4B2E78F14DFF09EE7A71FAF8936E577639056536BE0270188',X'948732E1BD3E0FE5D422412FD46EAD7E706919E121BDEF48C372AD8FE5E0BA90');
CREATE TABLE background_task (
	name TEXT NOT NULL, 
	next_at FLOAT NOT NULL, 
	requested_at FLOAT, 
	lease_owner TEXT DEFAULT '' NOT NULL, 
	lease_until FLOAT DEFAULT '0' NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	started_at FLOAT, 
	finished_at FLOAT, 
	failing_since FLOAT, 
	code TEXT DEFAULT '' NOT NULL, 
	figures JSON DEFAULT '{}' NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "background_task" VALUES('tidy',1795902400.0,NULL,'',0.0,1,NULL,1795902000.0,NULL,'done','{}');
CREATE TABLE channel (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	place TEXT NOT NULL, 
	is_enabled BOOLEAN NOT NULL, 
	client INTEGER, 
	routes JSON NOT NULL, 
	created_at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	stopped_at FLOAT, 
	sealed BLOB
);
INSERT INTO "channel" VALUES(1,'Team chat','ntfy','ntfy.example',1,NULL,'{}',1795900000.0,'boss@agency.example',NULL,NULL);
CREATE TABLE client (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	contacts JSON NOT NULL, 
	language TEXT NOT NULL, 
	notes TEXT NOT NULL, 
	default_quota INTEGER, 
	max_quota INTEGER, 
	max_mailboxes INTEGER, 
	created_by TEXT NOT NULL, 
	created_at FLOAT NOT NULL, self_service BOOLEAN DEFAULT 0 NOT NULL, 
	UNIQUE ("key")
);
INSERT INTO "client" VALUES(1,'Client A','client a','[{"name": "Nina Berg", "address": "nina@mail.example", "language": "nl"}]','nl','Pays late.',2048,4096,12,'boss@agency.example',1795701900.0,0);
CREATE TABLE client_domain (
	domain TEXT NOT NULL, 
	client INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (domain), 
	FOREIGN KEY(client) REFERENCES client (id)
)
 WITHOUT ROWID

;
INSERT INTO "client_domain" VALUES('a.nl',1,0);
INSERT INTO "client_domain" VALUES('b.nl',1,1);
CREATE TABLE dated_deletion (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	due_at FLOAT NOT NULL, 
	asked_at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	address TEXT NOT NULL, 
	"before" JSON NOT NULL, 
	why TEXT DEFAULT '' NOT NULL, figures JSON DEFAULT '{}' NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "dated_deletion" VALUES('a.nl','lena',1798329600.0,1795737600.0,'boss@agency.example','operator','192.0.2.7','{"usage": 12.5, "quota": 1024}','sent','{"messages": 3, "at": 1795651200.0}');
INSERT INTO "dated_deletion" VALUES('a.nl','mila',1798329600.0,1795737600.0,'boss@agency.example','operator','192.0.2.7','{"usage": 12.5, "quota": 1024}','','{}');
CREATE TABLE delivery (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	channel INTEGER NOT NULL, 
	notice INTEGER, 
	message_id TEXT NOT NULL, 
	events INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	queued_at FLOAT NOT NULL, 
	next_at FLOAT, 
	ended_at FLOAT, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	problem TEXT DEFAULT '' NOT NULL, 
	code INTEGER DEFAULT '0' NOT NULL, 
	mail INTEGER, 
	lease_owner TEXT, 
	lease_until FLOAT, 
	sealed_message BLOB, 
	wrapped_key BLOB, 
	FOREIGN KEY(channel) REFERENCES channel (id)
);
CREATE TABLE draft (
	id TEXT NOT NULL, 
	operator TEXT NOT NULL, 
	file_name TEXT NOT NULL, 
	domains JSON NOT NULL, 
	rows INTEGER NOT NULL, 
	changed_at FLOAT NOT NULL, 
	sealed_file BLOB NOT NULL, 
	sealed_rows BLOB NOT NULL, version INTEGER DEFAULT 1 NOT NULL, begun_by TEXT, run INTEGER, 
	PRIMARY KEY (id)
);
INSERT INTO "draft" VALUES('d1','kim','draft.csv','["a.nl"]',2,1.79570472359202575681e+09,X'6AA57BFE530AADA4D73B920307C80D528F8F240E505F19D7CA55AD46F866FD11',X'EA23F7577282B02B017F5FE48F0728EFD7CD95A42CF45205DE2F8134B6BABAE5',1,'kim',1);
CREATE TABLE event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at FLOAT NOT NULL, 
	rule TEXT NOT NULL, 
	code TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	level INTEGER NOT NULL, 
	subject TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	figures JSON NOT NULL, 
	way TEXT NOT NULL, 
	due_at FLOAT, 
	notice INTEGER
);
INSERT INTO "event" VALUES(1,1795904000.0,'mailbox_storage','mailbox_full','urgent',2,'nina@a.nl','a.nl','{"percent": 100, "used_kb": 1048576, "quota_mb": 1024}','at_once',1795904000.0,1);
CREATE TABLE event_snooze (
	rule TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	until FLOAT NOT NULL, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	PRIMARY KEY (rule, subject)
)
 WITHOUT ROWID

;
INSERT INTO "event_snooze" VALUES('send_limit','nina@a.nl','a.nl',1795990400.0,1795904000.0,'boss@agency.example');
CREATE TABLE event_state (
	rule TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	level INTEGER NOT NULL, 
	state JSON NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (rule, subject)
)
 WITHOUT ROWID

;
INSERT INTO "event_state" VALUES('mailbox_storage','nina@a.nl','a.nl',2,'{"below": [0, 0]}',1795904000.0);
CREATE TABLE first_seen (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
)
 WITHOUT ROWID

;
CREATE TABLE hand_over (
	run INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	taken_at FLOAT, 
	taken_as TEXT DEFAULT '' NOT NULL, 
	at FLOAT, 
	who TEXT DEFAULT '' NOT NULL, 
	way TEXT DEFAULT '' NOT NULL, renewed_at FLOAT, 
	PRIMARY KEY (run, position), 
	FOREIGN KEY(run) REFERENCES run (id)
);
INSERT INTO "hand_over" VALUES(1,0,1795708000.0,'letter',1795708100.0,'boss@agency.example','letter',1795903600.0);
CREATE TABLE handover_text (
	client INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	language TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	body TEXT NOT NULL, 
	changed_at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	PRIMARY KEY (client, kind, language)
)
 WITHOUT ROWID

;
INSERT INTO "handover_text" VALUES(0,'message','en','','Mailbox: {address}, {password}',1795903000.0,'boss@agency.example');
CREATE TABLE last_list (
	domain TEXT NOT NULL, 
	read_at FLOAT NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (domain)
);
INSERT INTO "last_list" VALUES('b.nl',1795704722.85767,X'78012D8B3B0A80301005EFF2EA2051443095F7108B15570924F1B34925DEDD15EC661EF3C61B45F84A14190E994560C0917CF87598AB14743BCB9E09AEB64D6BF4429BF6B6B206C1479FE1FACEAA0827E50F8A1C9C165EE0560AC2CFF40208C72185');
INSERT INTO "last_list" VALUES('a.nl',1.79570472359202575681e+09,X'78012D8B3B0A80301005EFF2EA10A288602AEF21160B592590AC9F984ABCBB2BD8CD3CE64D376AE15328333C240AC18033C5F4EB4856926E47DD2E826F5CDB19BDD0AA7D639D418A395EF043EF540A8BF207B5EC2C8103FC42A9F033BFF8942153');
INSERT INTO "last_list" VALUES('',1.79570472359202575681e+09,X'78018B564AD4CBCB51D2514A0251B10021960440');
CREATE TABLE letterhead (
	client INTEGER NOT NULL, 
	agency TEXT NOT NULL, 
	help_address TEXT NOT NULL, 
	logo BLOB NOT NULL, 
	language TEXT NOT NULL, 
	changed_at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	PRIMARY KEY (client)
);
INSERT INTO "letterhead" VALUES(0,'Agency text','help@agency.example',X'','en',1795903000.0,'boss@agency.example');
CREATE TABLE link (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run INTEGER, 
	source INTEGER, 
	purpose TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	name TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	language TEXT NOT NULL, 
	who TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	send_at FLOAT NOT NULL, 
	valid_from FLOAT NOT NULL, 
	expires_at FLOAT NOT NULL, 
	token_digest BLOB, 
	sealed_token BLOB, 
	wrapped_key BLOB, 
	mail INTEGER, 
	mail_status TEXT DEFAULT '' NOT NULL, 
	mail_problem TEXT DEFAULT '' NOT NULL, 
	mail_code INTEGER DEFAULT '0' NOT NULL, 
	words TEXT DEFAULT '' NOT NULL, 
	sent_at FLOAT, 
	opened_at FLOAT, 
	set_at FLOAT, 
	ended_at FLOAT, 
	"end" TEXT DEFAULT '' NOT NULL, 
	FOREIGN KEY(run) REFERENCES run (id), 
	FOREIGN KEY(source) REFERENCES run (id), 
	UNIQUE (token_digest)
);
INSERT INTO "link" VALUES(1,NULL,NULL,'invite','a.nl','nina','Nina van den Berg','nina@mail.example','nl','boss@agency.example',1795903000.0,1795903000.0,1795903000.0,1796507800.0,NULL,NULL,NULL,NULL,'','',0,'',NULL,NULL,NULL,1795904000.0,'expired');
INSERT INTO "link" VALUES(2,NULL,NULL,'invite','a.nl','nina','Nina van den Berg','nina.later@mail.example','nl','boss@agency.example',1795903000.0,1796000000.0,1796000000.0,1796604800.0,NULL,NULL,NULL,NULL,'','',0,'',NULL,NULL,NULL,NULL,'');
CREATE TABLE mailbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	gone_at FLOAT, 
	UNIQUE (account, domain, username)
);
INSERT INTO "mailbox" VALUES(1,'','b.nl','a2',NULL);
CREATE TABLE mailbox_lock (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "mailbox_lock" VALUES('a.nl','nina.berg',1795701960.0,'boss@agency.example','left us');
CREATE TABLE mailbox_name (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	name TEXT NOT NULL, 
	set_at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "mailbox_name" VALUES('a.nl','nina','Nina Berg',1.79570472359202575681e+09);
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
INSERT INTO "meta" VALUES('owner','{"epoch": "the lease decides", "id": ""}');
INSERT INTO "meta" VALUES('time_seen','{"at": 1795704723.5038395, "jump": null}');
INSERT INTO "meta" VALUES('schema_min','0042');
INSERT INTO "meta" VALUES('key_check','1619f49f5765ffa51593f8836aa19744');
CREATE TABLE notice (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at FLOAT NOT NULL, 
	rule TEXT, 
	severity TEXT NOT NULL
);
INSERT INTO "notice" VALUES(1,1795904000.0,'mailbox_storage','urgent');
CREATE TABLE once (
	caller TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	at FLOAT NOT NULL, 
	run INTEGER, 
	PRIMARY KEY (caller, "key"), 
	FOREIGN KEY(run) REFERENCES run (id)
);
CREATE TABLE outbox_mail (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	cause TEXT NOT NULL, 
	reference TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	who TEXT NOT NULL, 
	status TEXT NOT NULL, 
	message_id TEXT NOT NULL, 
	sealed_message BLOB, 
	wrapped_key BLOB, 
	queued_at FLOAT NOT NULL, 
	next_at FLOAT, 
	ended_at FLOAT, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	problem TEXT DEFAULT '' NOT NULL, 
	code INTEGER DEFAULT '0' NOT NULL, 
	words TEXT DEFAULT '' NOT NULL, 
	lease_owner TEXT, 
	lease_until FLOAT
);
INSERT INTO "outbox_mail" VALUES(1,'test','','kim@agency.example','boss@agency.example','sent','<1@agency.example>',NULL,NULL,1795902000.0,NULL,1795902010.0,1,'',250,'queued',NULL,NULL);
CREATE TABLE outbox_try (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "outbox_try" VALUES(1,1795902009.0);
CREATE TABLE pending_sign_in (
	digest BLOB NOT NULL, 
	user INTEGER NOT NULL, 
	began_at FLOAT NOT NULL, 
	how TEXT NOT NULL, 
	passed JSON NOT NULL, address TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (digest), 
	FOREIGN KEY(user) REFERENCES user (id)
);
INSERT INTO "pending_sign_in" VALUES(X'1515151515151515151515151515151515151515151515151515151515151515',1,1795702100.0,'password','["second_factor"]','192.0.2.7');
CREATE TABLE recovery_change (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	email TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	is_due BOOLEAN NOT NULL
);
CREATE TABLE recovery_code (
	digest BLOB NOT NULL, 
	user INTEGER NOT NULL, 
	PRIMARY KEY (digest), 
	FOREIGN KEY(user) REFERENCES user (id)
);
INSERT INTO "recovery_code" VALUES(X'1616161616161616161616161616161616161616161616161616161616161616',1);
CREATE TABLE recovery_email (
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	email TEXT NOT NULL, 
	set_at FLOAT NOT NULL, 
	PRIMARY KEY (domain, username)
);
INSERT INTO "recovery_email" VALUES('a.nl','nina','nina@home.example',1.79570472359202575681e+09);
CREATE TABLE reset_answer (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	domain TEXT NOT NULL, 
	username TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	last_at FLOAT NOT NULL, 
	times INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	link INTEGER, 
	mail INTEGER
);
INSERT INTO "reset_answer" VALUES(1,'a.nl','nina',1795902000.0,1795902000.0,1,'sent',NULL,NULL);
CREATE TABLE reset_request (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	address BLOB NOT NULL, 
	network BLOB NOT NULL, 
	sealed BLOB, 
	PRIMARY KEY (id)
);
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
	wrapped_key BLOB, kind TEXT DEFAULT 'import' NOT NULL, undo_of INTEGER REFERENCES run (id), planned_after INTEGER DEFAULT 0 NOT NULL, why_code TEXT DEFAULT '' NOT NULL, sealed_notes BLOB, wish JSON, 
	FOREIGN KEY(retry_of) REFERENCES run (id), 
	UNIQUE (operator, idempotency_key)
);
INSERT INTO "run" VALUES(1,'finished','','kim','staff.csv','digest of staff.csv','458b9ba02a3d081ed864f10dc95ad2a78518445aa0a801f49b11cf79db6429bd',NULL,NULL,'["a.nl", "b.nl"]',3,1.79570472150062108041e+09,1.7957047222767498493e+09,1.79570472296376967436e+09,1.79570472296376967436e+09,0,'','',0,NULL,7,1.79630952296376967432e+09,NULL,X'62ABE9F393F1A41230D35580DDE591BC7A1DC09F8584F9855944C61DF8E166EEE13ADF292164D845C1C1B8D99D2D3CCB318C60B31A2073EDF215CB7A','import',NULL,0,'',X'AC17F597173DCFF070CA6809A5A147EC17728CFCF1847719F060507E4A30FA79F10FCBE7D48354FE950CF03F0EB38A91C360F5D44AF94C063FE5D6A91F48B74F21A712B513524A408C97FAD6ED7FA6D6E949691424520FE9998B71B010B13E76DEC6644CF63F7052384C4EBD',NULL);
INSERT INTO "run" VALUES(2,'running','','kim','late.csv','digest of late.csv','af38a0f18801ae03c040ab99fb8ba4e7ead76e4b8fd0495c1f8093ac74fd895d',NULL,NULL,'["a.nl"]',2,1.79570472350339078908e+09,1.79570472359228825573e+09,NULL,NULL,0,'','',0,NULL,7,1.79630952350339078904e+09,NULL,X'EDBE50B6B15D8F75AEADEA2A04C40CE1ED84F40B3D4DE38B81D69C19507447493692F9A8CA932C5E21298D8AA3191D12B24CB039EC685BD88F48A50B','import',NULL,5,'',NULL,'{"wish": "look", "by": ""}');
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
INSERT INTO "run_row" VALUES(1,0,2,'create','nina','a.nl',X'9B743C03696B0B3450DA24DAA2CCB7EB04248F4A320E1F85138A4B4521C18CF9D00547537A815FE2',1,1024,9600,'nina@home.example','ready','{}','{}','created','',1,0,1024,9600,'',NULL,'','Nina Berg','as_asked','{"asks_host": true, "figures": {"quota": {"asked": 1024, "has": 1024, "had": null, "planned": null}, "limit": {"asked": 9600, "has": 9600, "had": null, "planned": null}}}');
INSERT INTO "run_row" VALUES(1,1,3,'create','tess','a.nl',X'41D00ED442A217EA1B686A90362C71D388A41D2AE5B77A62D940EDB3EC098FB06D573749586B29DF7B',1,1024,9600,'','ready','{}','{}','created','',1,0,1024,9600,'',NULL,'','','as_asked','{"asks_host": true, "figures": {"quota": {"asked": 1024, "has": 1024, "had": null, "planned": null}, "limit": {"asked": 9600, "has": 9600, "had": null, "planned": null}}}');
INSERT INTO "run_row" VALUES(1,2,4,'create','tess','b.nl',X'1C4C74ECCBFDD2C149F14DD07646EA89BD3994AFD6E1529BD59735D5B8F94373C694DF4139EEDE413C',1,1024,9600,'','ready','{}','{}','created','',1,0,1024,9600,'',NULL,'','','as_asked','{"asks_host": true, "figures": {"quota": {"asked": 1024, "has": 1024, "had": null, "planned": null}, "limit": {"asked": 9600, "has": 9600, "had": null, "planned": null}}}');
INSERT INTO "run_row" VALUES(2,0,2,'create','late','a.nl',X'E058D37129BB2BBF957DE4A44CA48A648DB568E4B96BBE300655271BBA2EAEAF2AB826211938C8ECC3',1,1024,9600,'','ready','{}','{}','waiting','',0,0,NULL,NULL,'',NULL,'','','',NULL);
INSERT INTO "run_row" VALUES(2,1,3,'create','later','a.nl',X'1E286F15AC932CA4BEA69698645F1C07CEAD91067D7CB4D08DE5E5E253DB13E708AFD17E0D565C31B8',1,1024,9600,'','ready','{}','{}','waiting','',0,0,NULL,NULL,'',NULL,'','','',NULL);
CREATE TABLE saved_view (
	who TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	parameters JSON NOT NULL, 
	saved_at FLOAT NOT NULL, 
	PRIMARY KEY (who, "key")
);
INSERT INTO "saved_view" VALUES('boss@agency.example','nearly full','Nearly full','{"full": ["nearly"]}',1795903700.0);
CREATE TABLE second_factor (
	user INTEGER NOT NULL, 
	sealed_secret BLOB NOT NULL, 
	enrolled_at FLOAT NOT NULL, 
	last_step INTEGER NOT NULL, 
	wrong INTEGER DEFAULT 0 NOT NULL, 
	wrong_at FLOAT DEFAULT 0 NOT NULL, 
	PRIMARY KEY (user), 
	FOREIGN KEY(user) REFERENCES user (id)
);
INSERT INTO "second_factor" VALUES(1,X'7A25530B9CEA653EF8C6C3881466B33BFB5EE06B96558623FC312635DAFEED23ECCD8D44EE110161C7030100',1795702100.0,59846,1,1795702100.0);
CREATE TABLE selection (
	id TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	sealed BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "selection" VALUES('5e1ec7ed',1795903700.0,X'00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDD');
CREATE TABLE self_service (
	domain TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	PRIMARY KEY (domain)
);
INSERT INTO "self_service" VALUES('a.nl',1795902000.0,'boss@agency.example');
CREATE TABLE session (
	digest BLOB NOT NULL, 
	user INTEGER NOT NULL, 
	began_at FLOAT NOT NULL, 
	seen_at FLOAT NOT NULL, 
	address TEXT NOT NULL, 
	agent TEXT NOT NULL, before_at FLOAT, before_from TEXT DEFAULT '' NOT NULL, before_refused INTEGER DEFAULT 0 NOT NULL, proved_at FLOAT, by_provider BOOLEAN DEFAULT 0 NOT NULL, 
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
INSERT INTO "token" VALUES(1,'ci',X'82481FF603758F6C4C6AFEB04F7BC66FA3C3E4E02D37588F13DAADFF2B7555A0',0,'{"a.nl": ["view"]}','local operator',1.79570472652826881409e+09,1.79829672652826881408e+09,NULL,NULL,NULL);
CREATE TABLE usage_daily (
	day INTEGER NOT NULL, 
	mailbox_id INTEGER NOT NULL, 
	usage INTEGER, 
	quota INTEGER, 
	sent_max INTEGER, 
	"limit" INTEGER, 
	PRIMARY KEY (day, mailbox_id)
)
 WITHOUT ROWID

;
INSERT INTO "usage_daily" VALUES(20785,1,2048,1024,3,9600);
CREATE TABLE usage_domain_daily (
	account TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	day INTEGER NOT NULL, 
	mailboxes INTEGER NOT NULL, 
	usage INTEGER NOT NULL, 
	usage_max INTEGER NOT NULL, 
	quota INTEGER NOT NULL, 
	sent INTEGER NOT NULL, 
	"full" INTEGER NOT NULL, 
	nearly_full INTEGER NOT NULL, 
	near_send_limit INTEGER NOT NULL, 
	PRIMARY KEY (account, domain, day)
)
 WITHOUT ROWID

;
INSERT INTO "usage_domain_daily" VALUES('','b.nl',20785,1,2048,2048,1024,3,0,0,0);
CREATE TABLE usage_trend (
	mailbox_id INTEGER NOT NULL, 
	day INTEGER NOT NULL, 
	days INTEGER NOT NULL, 
	growth FLOAT, 
	sent_days INTEGER NOT NULL, 
	usual_sent INTEGER, 
	PRIMARY KEY (mailbox_id)
)
 WITHOUT ROWID

;
INSERT INTO "usage_trend" VALUES(1,20785,1,NULL,1,3);
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
	disabled_at FLOAT, password_ends_at FLOAT, last_sign_in_from TEXT DEFAULT '' NOT NULL, refused_since INTEGER DEFAULT 0 NOT NULL, client_admin JSON DEFAULT '[]' NOT NULL, 
	UNIQUE (name), 
	UNIQUE (subject)
);
INSERT INTO "user" VALUES(1,'boss@agency.example','$argon2id$v=19$m=65536,t=3,p=4$/i7V/1Vr4Ws4sAqW+4H8Xg$UFyeuHnEgwu5XJEF0fUamerASBnzKeLp26zAnRjZH2w',NULL,1,'{}','local operator',1.79570472499772977831e+09,1.79570472499772977831e+09,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(2,'viewer@agency.example','$argon2id$v=19$m=65536,t=3,p=4$CzXB2pSgMqiRfghj5+Fm/w$RBcB10oQVvClK2WXG0yNbARNGWs/XqyXFerKYamUhBU',NULL,0,'{"a.nl": ["view"]}','local operator',1.79570472650586724283e+09,1.79570472650586724283e+09,NULL,NULL,1.79630952650586724278e+09,'',0,'[]');
INSERT INTO "user" VALUES(3,'mix-view',NULL,NULL,0,'{"a.nl": ["view"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(4,'mix-export',NULL,NULL,0,'{"a.nl": ["export"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(5,'mix-delete',NULL,NULL,0,'{"a.nl": ["delete"], "*": ["view"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(6,'mix-view-import',NULL,NULL,0,'{"a.nl": ["view", "import"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(7,'mix-view-export',NULL,NULL,0,'{"a.nl": ["view", "export"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(8,'mix-view-delete',NULL,NULL,0,'{"a.nl": ["view", "delete"], "*": ["view"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(9,'mix-export-delete',NULL,NULL,0,'{"a.nl": ["export", "delete"], "*": ["view"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(10,'mix-view-import-export',NULL,NULL,0,'{"a.nl": ["view", "import", "export"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(11,'mix-view-import-delete',NULL,NULL,0,'{"a.nl": ["view", "import", "delete"], "*": ["view"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(12,'mix-view-export-delete',NULL,NULL,0,'{"a.nl": ["view", "export", "delete"], "*": ["view"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(13,'mix-view-import-export-delete',NULL,NULL,0,'{"a.nl": ["view", "import", "export", "delete"], "*": ["view"]}','boss@agency.example',1795701900.0,NULL,NULL,NULL,NULL,'',0,'[]');
INSERT INTO "user" VALUES(14,'client.admin@clienta.example',NULL,NULL,0,'{"client:1": ["view", "import", "export", "delete"]}','boss@agency.example',1795701950.0,NULL,NULL,NULL,NULL,'',0,'["client:1"]');
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
CREATE INDEX recovery_code_by_user ON recovery_code (user);
CREATE INDEX client_domain_by_client ON client_domain (client);
CREATE INDEX dated_deletion_by_time ON dated_deletion (due_at);
CREATE INDEX outbox_mail_by_time ON outbox_mail (status, next_at);
CREATE INDEX link_by_run ON link (run);
CREATE INDEX link_by_source ON link (source);
CREATE INDEX link_by_mail ON link (mail);
CREATE INDEX reset_request_by_address ON reset_request (address);
CREATE INDEX reset_request_by_network ON reset_request (network);
CREATE INDEX reset_answer_by_mailbox ON reset_answer (domain, username, last_at);
CREATE INDEX recovery_change_by_mailbox ON recovery_change (domain, username);
CREATE INDEX event_state_by_domain ON event_state (domain);
CREATE INDEX event_by_subject ON event (subject, rule, id);
CREATE INDEX event_by_time ON event (at);
CREATE INDEX event_by_notice ON event (notice);
CREATE INDEX event_due ON event (due_at) WHERE notice IS NULL AND due_at IS NOT NULL;
CREATE INDEX delivery_by_time ON delivery (status, next_at);
CREATE INDEX delivery_by_channel ON delivery (channel);
CREATE INDEX delivery_by_notice ON delivery (notice);
CREATE INDEX delivery_by_mail ON delivery (mail);
CREATE UNIQUE INDEX link_living ON link (domain, username, purpose) WHERE ended_at IS NULL AND token_digest IS NOT NULL;
CREATE UNIQUE INDEX link_planned ON link (domain, username, purpose) WHERE ended_at IS NULL AND token_digest IS NULL;
CREATE INDEX link_by_mailbox ON link (domain, username);
CREATE UNIQUE INDEX run_open_plan ON run (plan_digest) WHERE status NOT IN ('finished', 'stopped');
CREATE UNIQUE INDEX run_open_undo ON run (undo_of) WHERE status NOT IN ('finished', 'stopped') AND undo_of IS NOT NULL AND retry_of IS NULL;
CREATE INDEX selection_by_time ON selection (at);
CREATE INDEX run_with_wish ON run (id) WHERE wish IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('run',2);
INSERT INTO "sqlite_sequence" VALUES('user',14);
INSERT INTO "sqlite_sequence" VALUES('token',1);
INSERT INTO "sqlite_sequence" VALUES('client',1);
INSERT INTO "sqlite_sequence" VALUES('outbox_mail',1);
INSERT INTO "sqlite_sequence" VALUES('link',2);
INSERT INTO "sqlite_sequence" VALUES('mailbox',1);
INSERT INTO "sqlite_sequence" VALUES('reset_answer',1);
INSERT INTO "sqlite_sequence" VALUES('notice',1);
INSERT INTO "sqlite_sequence" VALUES('event',1);
INSERT INTO "sqlite_sequence" VALUES('channel',1);
COMMIT;
