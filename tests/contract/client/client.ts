// Judges a photo and shows what an app shows: written against the types that are made from openapi.json.
import createClient from "openapi-fetch";
import { readFileSync } from "node:fs";
import type { components, paths } from "./schema.js";

type Prediction = components["schemas"]["Prediction"];
type Problem = components["schemas"]["ProblemDocument"];

const [, , address, photo] = process.argv as [string, string, string, string];
const service = createClient<paths>({ baseUrl: address });

async function judge(bytes: Buffer): Promise<Prediction> {
  const { data, error } = await service.POST("/v1/predictions", {
    params: { query: { lang: "es", changing: true } },
    headers: { "Content-Type": "image/png" },
    body: bytes as unknown as string,
    bodySerializer: (body) => body as unknown as BodyInit,
  });
  if (error) throw new Error((error as Problem).code);
  return data as Prediction;
}

const answer = await judge(readFileSync(photo));
const shown: string = answer.score === null ? answer.advice.headline : `${answer.score} ${answer.risk_band}`;
let refusal = "";
try {
  await judge(Buffer.from("no photo"));
} catch (problem) {
  refusal = (problem as Error).message;
}
console.log(JSON.stringify({ shown, band: answer.risk_band, lang: answer.advice.lang, flags: answer.flags, refusal }));
