// Compiled, never run: the lines after "@ts-expect-error" must be refused, all others must be accepted.
import createClient from "openapi-fetch";
import type { paths } from "./api";

type Media = "application/json" | "application/problem+json";
const client = createClient<paths, Media>({ baseUrl: "http://127.0.0.1:3000" });

export async function scores(): Promise<number> {
  const { data, error } = await client.POST("/score", {
    body: {
      customers: [
        {
          customer_id: "12415",
          events: [
            { event_type: "purchase", event_time: "2011-06-01", amount: 120.5, reference: null },
            { event_type: "visit", event_time: "2011-06-02", channel: "phone" },
          ],
        },
      ],
    },
  });
  if (error) {
    const faults: { path: string; detail: string }[] = error.errors ?? [];
    throw new Error(`${error.status} ${error.detail} ${faults.length}`);
  }
  const answer: string = data.formula_version;
  // @ts-expect-error: no such field in the answer
  data.nonsense;
  // @ts-expect-error: a score may be absent, with its reason
  const certain: number = data.scores[0]!.loyalty_score;
  return (data.scores[0]?.churn_probability ?? 0) + answer.length + certain;
}

export async function nonsense(): Promise<void> {
  // @ts-expect-error: an unknown field
  await client.POST("/score", { body: { nonsense: true } });
  // @ts-expect-error: no body
  await client.POST("/score", {});
  // @ts-expect-error: no customers
  await client.POST("/score", { body: { as_of: "2011-06-10" } });
  await client.POST("/score", {
    // @ts-expect-error: an unknown type of event
    body: { customers: [{ customer_id: "1", events: [{ event_type: "stroll", event_time: "2011-06-01" }] }] },
  });
  // @ts-expect-error: a number as a time
  await client.POST("/score", { body: { customers: [], as_of: 20110610 } });
  // @ts-expect-error: an unknown field
  await client.POST("/score_features", { body: { nonsense: true } });
  // @ts-expect-error: a row needs its columns
  await client.POST("/score_features", { body: { rows: [{ customer_id: "1" }] } });
  await client.POST("/score_customers", { body: { customer_ids: ["1", 1] } });
  // @ts-expect-error: ids are text or whole numbers
  await client.POST("/score_customers", { body: { customer_ids: [true] } });
  // @ts-expect-error: no such path
  await client.POST("/scores", { body: { customers: [] } });
}

export async function withoutMedia(): Promise<string | undefined> {
  const { data } = await createClient<paths>().POST("/score", { body: { customers: [] } });
  // @ts-expect-error: an unknown field
  await createClient<paths>().POST("/score", { body: { nonsense: true } });
  return typeof data === "object" ? data.scores[0]?.customer_id : data; // a table would be text
}

export async function tables(parquet: Blob): Promise<ReadableStream | null | undefined> {
  const { data } = await client.POST("/score_features", {
    params: { query: { as_of: "2011-06-10", horizon_days: 90 } },
    headers: { "Content-Type": "application/vnd.apache.parquet", Accept: "application/vnd.apache.arrow.stream" },
    body: "", // the type of binary bodies; the serialiser below sends the bytes
    bodySerializer: () => parquet,
    parseAs: "stream",
  });
  return data;
}

export async function others(): Promise<string> {
  const versions = await client.GET("/versions");
  const ready = await client.GET("/readyz");
  const last = await client.POST("/score_customers", { body: { customer_ids: ["12415"] } });
  const items = await client.GET("/plans/{plan_id}/items", {
    params: { path: { plan_id: "2026-W48" }, query: { rep: "R07" } },
  });
  return `${versions.data?.timezone} ${ready.data?.status} ${last.data?.unknown.join()} ${items.data?.items.length}`;
}
