// A database of format 2, as the build before texts left it: every batch holds values. See raw-database.ts for
// what the lines are.
//
// How it was made: in a checkout of commit 69433b5, a host over the memory store with a checkpoint every 16 records, and
// one client, ran the calls below; then the disk was written out as after a crash, nobody having said goodbye. None of
// it is to be edited by hand.
//
//   const orders = await connection.openQueue("orders", { deduplicationMode: "replace", durability: "relaxed", maxDeliveries: 3 });
//   await orders.send({ n: 1 });
//   await orders.consumeUntilEmpty(() => {});
//   await orders.send({ n: 2 });
//   await orders.receive();
//   await orders.send({ n: 3, list: [1, "two", null], "line\nbreak": "a\nb" }, { headers: { kind: "plain" } });
//   await orders.sendBatch([
//     { body: new Map([["tea", new Date(86_400_000)]]) },
//     { body: { n: 4, gone: undefined, zero: -0 } },
//     { body: "text", headers: { kind: "text" } },
//   ]);
//   await orders.send({ n: 5, state: "first" }, { deduplicationId: "draft" });
//   await orders.send({ n: 5, state: "latest" }, { deduplicationId: "draft" });
//   await orders.send({ n: 6 }, { groupId: "g" });
//   await orders.send({ n: 7 }, { groupId: "g", priority: 9 });
//   const topic = await connection.openTopic("news");
//   await topic.subscription("a");
//   await topic.subscription("b", { filter: { kind: "some" } });
//   await topic.publishBatch([{ body: { n: 8 }, headers: { kind: "some" } }, { body: { n: 9 } }]);
//   await orders.send({ n: 10 }, { deliverAt: Date.UTC(2100, 0) });
//   const doomed = await connection.openQueue("doomed");
//   await doomed.send({ n: 11 });
//   await (await doomed.receive())[0].deadLetter("no such order");
//   await orders.schedules.upsert("leap day", { cron: "0 0 29 2 *", catchUp: "none" }, { n: 12 });
//   await orders.send({ n: 13 });

import { type RawDatabase, readDatabase } from "./raw-database.js";

/** The host's time of its last record is before this. */
export const FORMAT_2_AT = 1_795_393_525_856;

export const formatTwo = (): RawDatabase => readDatabase(LINES);

const LINES = String.raw`
{"format":{"major":2,"minor":0},"epoch":1,"pointer":{"generation":1,"uptoLsn":16,"chunks":9}}
{"store":"bodies","key":2,"value":{"v":1,"encoding":"clone","firstSeq":2,"sentAt":1795393465810,"bodies":[{"n":2}]}}
{"store":"bodies","key":3,"value":{"v":1,"encoding":"clone","firstSeq":3,"sentAt":1795393465812,"bodies":[{"n":3,"list":[1,"two",null],"line\nbreak":"a\nb"}],"headers":[{"kind":"plain"}]}}
{"store":"bodies","key":4,"value":{"v":1,"encoding":"clone","firstSeq":4,"sentAt":1795393465814,"bodies":[{"$":"Map","v":["tea",{"$":"Date","v":86400000}]},{"n":4,"gone":{"$":"undefined"},"zero":{"$":"number","v":"-0"}},"text"],"headers":[{"$":"undefined"},{"$":"undefined"},{"kind":"text"}]}}
{"store":"bodies","key":7,"value":{"v":1,"encoding":"clone","firstSeq":7,"sentAt":1795393465814,"bodies":[{"n":5,"state":"first"}]}}
{"store":"bodies","key":8,"value":{"v":1,"encoding":"clone","firstSeq":8,"sentAt":1795393465816,"bodies":[{"n":5,"state":"latest"}]}}
{"store":"bodies","key":9,"value":{"v":1,"encoding":"clone","firstSeq":9,"sentAt":1795393465817,"bodies":[{"n":6}]}}
{"store":"bodies","key":10,"value":{"v":1,"encoding":"clone","firstSeq":10,"sentAt":1795393465818,"bodies":[{"n":7}]}}
{"store":"bodies","key":11,"value":{"v":1,"encoding":"clone","firstSeq":11,"sentAt":1795393465825,"bodies":[{"n":8},{"n":9}],"headers":[{"kind":"some"},{"$":"undefined"}]}}
{"store":"bodies","key":16,"value":{"v":1,"encoding":"clone","firstSeq":16,"sentAt":1795393465831,"bodies":[{"n":10}]}}
{"store":"bodies","key":17,"value":{"v":1,"encoding":"clone","firstSeq":17,"sentAt":1795393465833,"bodies":[{"n":11}]}}
{"store":"bodies","key":18,"value":{"v":1,"encoding":"clone","firstSeq":18,"sentAt":1795393465855,"bodies":[{"n":12}]}}
{"store":"bodies","key":19,"value":{"v":1,"encoding":"clone","firstSeq":19,"sentAt":1795393465856,"bodies":[{"n":13}]}}
{"store":"journal","key":17,"value":{"v":1,"lsn":17,"epoch":1,"at":1795393465825,"changes":[{"type":"subscribed","topic":"news","subscription":"b","filter":{"kind":"some"}},{"type":"answered","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","number":14,"confirmed":13,"outcome":{"ok":true}}]}}
{"store":"journal","key":18,"value":{"v":1,"lsn":18,"epoch":1,"at":1795393465825,"changes":[{"type":"stored","firstSeq":11,"count":2,"bytes":32},{"type":"accepted","queue":"news/a","seq":13,"bodySeq":11,"count":1,"priority":4,"size":16,"isShared":true},{"type":"accepted","queue":"news/a","seq":14,"bodySeq":12,"count":1,"priority":4,"size":16,"isShared":true},{"type":"accepted","queue":"news/b","seq":15,"bodySeq":11,"count":1,"priority":4,"size":16,"isShared":true},{"type":"released","seqs":[11,2]},{"type":"answered","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","number":15,"confirmed":14,"outcome":{"ok":true,"value":{"subscriptions":[2,1]}}}]}}
{"store":"journal","key":19,"value":{"v":1,"lsn":19,"epoch":1,"at":1795393465831,"changes":[{"type":"stored","firstSeq":16,"count":1,"bytes":16},{"type":"accepted","queue":"orders","seq":16,"bodySeq":16,"count":1,"priority":4,"size":16,"dueAt":4102444800000,"isInstant":true},{"type":"answered","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","number":16,"confirmed":15,"outcome":{"ok":true,"value":{"term":"3b63fe06bccfe01c","seq":16,"count":1,"refused":{"$":"undefined"}}}}]}}
{"store":"journal","key":20,"value":{"v":1,"lsn":20,"epoch":1,"at":1795393465833,"changes":[{"type":"configured","queue":"doomed","settings":{}},{"type":"answered","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","number":17,"confirmed":16,"outcome":{"ok":true}}]}}
{"store":"journal","key":21,"value":{"v":1,"lsn":21,"epoch":1,"at":1795393465833,"changes":[{"type":"stored","firstSeq":17,"count":1,"bytes":16},{"type":"accepted","queue":"doomed","seq":17,"bodySeq":17,"count":1,"priority":4,"size":16},{"type":"answered","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","number":18,"confirmed":17,"outcome":{"ok":true,"value":{"term":"3b63fe06bccfe01c","seq":17,"count":1,"refused":{"$":"undefined"}}}}]}}
{"store":"journal","key":22,"value":{"v":1,"lsn":22,"epoch":1,"at":1795393465834,"changes":[{"type":"leased","queue":"doomed","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","grant":"4b7f129c6a23d4cfcf65e0024685ffbe","mode":"receive","until":1795393495834,"seqs":[17,1]}]}}
{"store":"journal","key":23,"value":{"v":1,"lsn":23,"epoch":1,"at":1795393465835,"changes":[{"type":"dead","queue":"doomed","seq":17,"reason":"no such order"},{"type":"answered","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","number":19,"confirmed":18,"outcome":{"ok":true,"value":{"lost":[]}}}]}}
{"store":"journal","key":24,"value":{"v":1,"lsn":24,"epoch":1,"at":1795393465855,"changes":[{"type":"stored","firstSeq":18,"count":1,"bytes":16},{"type":"scheduled","queue":"orders","id":"leap day","spec":{"cron":"0 0 29 2 *","timeZone":"UTC","catchUp":"none","priority":4},"bodySeq":18,"size":16,"nextAt":1835395200000},{"type":"answered","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","number":20,"confirmed":19,"outcome":{"ok":true,"value":{"nextAt":1835395200000}}}]}}
{"store":"journal","key":25,"value":{"v":1,"lsn":25,"epoch":1,"at":1795393465856,"changes":[{"type":"stored","firstSeq":19,"count":1,"bytes":16},{"type":"accepted","queue":"orders","seq":19,"bodySeq":19,"count":1,"priority":4,"size":16},{"type":"answered","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","number":21,"confirmed":20,"outcome":{"ok":true,"value":{"term":"3b63fe06bccfe01c","seq":19,"count":1,"refused":{"$":"undefined"}}}}]}}
{"store":"checkpoint","key":[1,0],"value":{"v":1,"kind":"head","lsn":16,"epoch":1,"nextSeq":11,"now":1795393465822,"quarantined":[],"terms":[{"firstSeq":1,"term":"3b63fe06bccfe01c"}],"topics":[["news",[["a",{}]]]],"clients":[{"id":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","seenAt":1795393465821,"confirmed":12,"outcomes":[[13,{"ok":true}]]}]}}
{"store":"checkpoint","key":[1,1],"value":{"v":1,"kind":"batches","firstSeq":{"$":"Float64Array","v":"AAAAAAAAAEAAAAAAAAAIQAAAAAAAABBAAAAAAAAAHEAAAAAAAAAgQAAAAAAAACJAAAAAAAAAJEA="},"count":{"$":"Float64Array","v":"AAAAAAAA8D8AAAAAAADwPwAAAAAAAAhAAAAAAAAA8D8AAAAAAADwPwAAAAAAAPA/AAAAAAAA8D8="},"bytes":{"$":"Float64Array","v":"AAAAAAAAMEAAAAAAAIBQQAAAAAAAQF9AAAAAAAAAQEAAAAAAAIBAQAAAAAAAADBAAAAAAAAAMEA="},"seqs":[]}}
{"store":"checkpoint","key":[1,2],"value":{"v":1,"kind":"queue","name":"orders","settings":{"leaseMs":30000,"handlerTimeoutMs":300000,"maxDeliveries":3,"backoff":{"type":"exponential","baseMs":1000,"maxMs":300000,"jitter":"full"},"maxDeadLetters":10000,"maxMessages":100000,"overflow":"reject","deduplicationWindowMs":300000,"deduplicationMode":"replace","maxDeduplicationIds":100000,"onGroupFailure":"block","durability":"relaxed"},"pausedByUser":false,"counters":{"accepted":10,"acked":1,"died":0,"redriven":0,"dropped":0,"purged":0,"replaced":1,"quarantined":0,"deliveries":2,"retried":0,"waitedMs":2,"servedMs":4}}}
{"store":"checkpoint","key":[1,3],"value":{"v":1,"kind":"runs","queue":"orders","seq":{"$":"Float64Array","v":"AAAAAAAACEAAAAAAAAAQQAAAAAAAABxAAAAAAAAAIkAAAAAAAAAkQA=="},"bodySeq":{"$":"Float64Array","v":"AAAAAAAACEAAAAAAAAAQQAAAAAAAABxAAAAAAAAAIkAAAAAAAAAkQA=="},"count":{"$":"Uint32Array","v":"AQAAAAMAAAABAAAAAQAAAAEAAAA="},"priority":{"$":"Uint8Array","v":"BAQEBAk="},"attempts":{"$":"Uint32Array","v":"AAAAAAAAAAAAAAAAAAAAAAAAAAA="},"sentAt":{"$":"Float64Array","v":"AEDdolwgekIAYN2iXCB6QgBg3aJcIHpCAJDdolwgekIAoN2iXCB6Qg=="},"readyAt":{"$":"Float64Array","v":"AEDdolwgekIAYN2iXCB6QgBg3aJcIHpCAJDdolwgekIAoN2iXCB6Qg=="},"place":{"$":"Uint8Array","v":"AgICAhA="},"size":{"$":"Float64Array","v":"AAAAAACAUEAAAAAAAIBEQAAAAAAAAEBAAAAAAAAAMEAAAAAAAAAwQA=="},"failures":[],"groups":["","","","g","g"]}}
{"store":"checkpoint","key":[1,4],"value":{"v":1,"kind":"ids","queue":"orders","ids":["draft"],"seq":{"$":"Float64Array","v":"AAAAAAAAHEA="},"at":{"$":"Float64Array","v":"AGDdolwgekI="},"role":{"$":"Uint8Array","v":"Ag=="}}}
{"store":"checkpoint","key":[1,5],"value":{"v":1,"kind":"replaced","queue":"orders","seq":{"$":"Float64Array","v":"AAAAAAAAHEA="},"bodySeq":{"$":"Float64Array","v":"AAAAAAAAIEA="}}}
{"store":"checkpoint","key":[1,6],"value":{"v":1,"kind":"queue","name":"news/a","settings":{"leaseMs":30000,"handlerTimeoutMs":300000,"maxDeliveries":5,"backoff":{"type":"exponential","baseMs":1000,"maxMs":300000,"jitter":"full"},"maxDeadLetters":10000,"maxMessages":100000,"overflow":"reject","deduplicationWindowMs":300000,"deduplicationMode":"drop","maxDeduplicationIds":100000,"onGroupFailure":"block","durability":"strict"},"pausedByUser":false,"counters":{"accepted":0,"acked":0,"died":0,"redriven":0,"dropped":0,"purged":0,"replaced":0,"quarantined":0,"deliveries":0,"retried":0,"waitedMs":0,"servedMs":0}}}
{"store":"checkpoint","key":[1,7],"value":{"v":1,"kind":"queue","name":"news/b","settings":{"leaseMs":30000,"handlerTimeoutMs":300000,"maxDeliveries":5,"backoff":{"type":"exponential","baseMs":1000,"maxMs":300000,"jitter":"full"},"maxDeadLetters":10000,"maxMessages":100000,"overflow":"reject","deduplicationWindowMs":300000,"deduplicationMode":"drop","maxDeduplicationIds":100000,"onGroupFailure":"block","durability":"strict"},"pausedByUser":false,"counters":{"accepted":0,"acked":0,"died":0,"redriven":0,"dropped":0,"purged":0,"replaced":0,"quarantined":0,"deliveries":0,"retried":0,"waitedMs":0,"servedMs":0}}}
{"store":"checkpoint","key":[1,8],"value":{"v":1,"kind":"grants","grants":[{"id":"191d6821405e538f93d97218b64cab5e","client":"3ac227f5-dc12-4c59-88b4-7aaff750dc12","queue":"orders","mode":"receive","until":1795393495810,"leases":[{"seq":2,"bodySeq":2,"priority":4,"attempts":1,"sentAt":1795393465810,"readyAt":1795393465810,"leasedAt":1795393465810,"expiresAt":{"$":"undefined"},"suspect":false,"failure":{"$":"undefined"},"size":16,"until":1795393495810}]}]}}
`;
