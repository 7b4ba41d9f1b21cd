BEGIN TRANSACTION;
CREATE TABLE "Aliases" (
    "Name" TEXT NOT NULL CONSTRAINT "PK_Aliases" PRIMARY KEY,
    "Epoch" INTEGER NOT NULL,
    "Generation" INTEGER NOT NULL,
    "Record" TEXT NOT NULL
);
INSERT INTO "Aliases" VALUES('assistant:prod',1,1,'{"name":"assistant:prod","epoch":1,"generation":1,"current":"sha256:ba837ce7a3ea7019bb518fd9460fe53fe8030b6e7a855c0bd8b3d6a2233d75ae","candidate":null,"candidate_basis_points":0,"previous":null,"holdback_basis_points":0,"salt":"01a20b5ecc3c7d5296f086cd1509eb8c","candidate_lease":"00:00:10","label_deadline":"00:00:05","capture_samples":false,"quarantined":[]}');
CREATE TABLE "Evidence" (
    "Alias" TEXT NOT NULL CONSTRAINT "PK_Evidence" PRIMARY KEY,
    "At" INTEGER NOT NULL,
    "Record" TEXT NOT NULL
);
CREATE TABLE "Gates" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Gates" PRIMARY KEY,
    "Alias" TEXT NOT NULL,
    "CreatedAt" INTEGER NOT NULL,
    "Record" TEXT NOT NULL
);
CREATE TABLE "Gateways" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Gateways" PRIMARY KEY,
    "Zone" TEXT NOT NULL,
    "SeenAt" INTEGER NOT NULL
);
INSERT INTO "Gateways" VALUES('gateway-1','',1795487067022);
CREATE TABLE "Incidents" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Incidents" PRIMARY KEY,
    "Alias" TEXT NOT NULL,
    "Status" TEXT NOT NULL,
    "OpenedAt" INTEGER NOT NULL,
    "Record" TEXT NOT NULL
);
CREATE TABLE "Journal" (
    "Sequence" INTEGER NOT NULL CONSTRAINT "PK_Journal" PRIMARY KEY,
    "At" INTEGER NOT NULL,
    "Kind" TEXT NOT NULL,
    "Actor" TEXT NOT NULL,
    "Alias" TEXT NULL,
    "Generation" INTEGER NULL,
    "Reason" TEXT NOT NULL,
    "Before" TEXT NULL,
    "After" TEXT NULL,
    "PreviousHash" TEXT NOT NULL,
    "Hash" TEXT NOT NULL
);
INSERT INTO "Journal" VALUES(1,1795487067342,'release_registered','api',NULL,NULL,'registered v7',NULL,'sha256:ba837ce7a3ea7019bb518fd9460fe53fe8030b6e7a855c0bd8b3d6a2233d75ae','sha256:0000000000000000000000000000000000000000000000000000000000000000','sha256:e8552edf26cd260164ff398ca336effe6f05ab62380e148618cb7c66092aea1a');
INSERT INTO "Journal" VALUES(2,1795487079517,'release_registered','api',NULL,NULL,'registered v8',NULL,'sha256:98762309035499519bd407a4c93c497290551c73f23e10d4c977e4fa698890ec','sha256:e8552edf26cd260164ff398ca336effe6f05ab62380e148618cb7c66092aea1a','sha256:6ad344aafa690e37f60695e6d8a4a6e0cd578bea82ef61536cc4c7025bf70a36');
INSERT INTO "Journal" VALUES(3,1795487091811,'alias_created','api','assistant:prod',1,'created on v7',NULL,'{"name":"assistant:prod","epoch":1,"generation":1,"current":"sha256:ba837ce7a3ea7019bb518fd9460fe53fe8030b6e7a855c0bd8b3d6a2233d75ae","candidate":null,"candidate_basis_points":0,"previous":null,"holdback_basis_points":0,"salt":"01a20b5ecc3c7d5296f086cd1509eb8c","candidate_lease":"00:00:10","label_deadline":"00:00:05","capture_samples":false,"quarantined":[]}','sha256:6ad344aafa690e37f60695e6d8a4a6e0cd578bea82ef61536cc4c7025bf70a36','sha256:4c3c8c356b864896996b0903c2fd040a99d023e7f68ba20cb392ea7b9199a055');
CREATE TABLE "Releases" (
    "Name" TEXT NOT NULL CONSTRAINT "PK_Releases" PRIMARY KEY,
    "Digest" TEXT NOT NULL,
    "Manifest" TEXT NOT NULL,
    "CreatedAt" INTEGER NOT NULL
);
INSERT INTO "Releases" VALUES('v7','sha256:ba837ce7a3ea7019bb518fd9460fe53fe8030b6e7a855c0bd8b3d6a2233d75ae','{"serving":{"model":"m","replicas":["http://127.0.0.1:9"]}}',1795487067342);
INSERT INTO "Releases" VALUES('v8','sha256:98762309035499519bd407a4c93c497290551c73f23e10d4c977e4fa698890ec','{"prompt":{"system":"Be brief."},"serving":{"model":"m","replicas":["http://127.0.0.1:9"]}}',1795487079517);
CREATE TABLE "Rollouts" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Rollouts" PRIMARY KEY,
    "Alias" TEXT NOT NULL,
    "Revision" INTEGER NOT NULL,
    "Active" INTEGER NOT NULL,
    "SubmittedAt" INTEGER NOT NULL,
    "Record" TEXT NOT NULL
);
CREATE TABLE "Schema" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_Schema" PRIMARY KEY,
    "Version" INTEGER NOT NULL
);
INSERT INTO "Schema" VALUES(1,1);
CREATE INDEX "IX_Gates_Alias" ON "Gates" ("Alias");
CREATE INDEX "IX_Incidents_Alias_OpenedAt" ON "Incidents" ("Alias", "OpenedAt");
CREATE INDEX "IX_Journal_Alias_Sequence" ON "Journal" ("Alias", "Sequence");
CREATE INDEX "IX_Releases_Digest" ON "Releases" ("Digest");
CREATE UNIQUE INDEX "IX_Rollouts_Alias_Active" ON "Rollouts" ("Alias") WHERE "Active";
CREATE INDEX "IX_Rollouts_Alias_SubmittedAt" ON "Rollouts" ("Alias", "SubmittedAt");
COMMIT;