// To a FIFO queue of SQS, which takes an id once within 5 minutes, whatever became of the message meanwhile. Who receives later
// copies remembers ids: each message has its own as the attribute MessageDeduplicationId.
//
//   SQS_QUEUE_URL, and what the AWS SDK takes: AWS_REGION, credentials, AWS_ENDPOINT_URL_SQS

import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { forward, refused, STORED, unknown } from "./forward.mjs";

const { SQS_QUEUE_URL: QueueUrl } = process.env;
const sqs = new SQSClient({ maxAttempts: 2 });
await forward({
  name: `the SQS queue ${QueueUrl}`,
  limits: { messageBytes: 1_000_000, callBytes: 1_000_000, callMessages: 10 },
  async open() {
    return {
      async send(messages) {
        const Entries = messages.map(({ id, groupId, text: MessageBody }, i) => {
          // SQS takes ASCII without blanks there. What has no group is one, and so keeps its order.
          const MessageGroupId = groupId === null ? "originmq" : encodeURIComponent(groupId);
          return { Id: String(i), MessageBody, MessageGroupId, MessageDeduplicationId: id };
        });
        const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
        return messages.map((_, i) => {
          const failed = Failed.find(({ Id }) => Id === String(i));
          if (failed === undefined) return STORED;
          const words = `${failed.Code}: ${failed.Message}`;
          return failed.SenderFault ? refused(words) : unknown(new Error(words));
        });
      },
    };
  },
});
