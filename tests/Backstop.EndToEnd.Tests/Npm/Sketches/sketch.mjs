// Reads a sketch of ours (base64) and prints its quantiles; then writes one of its own for us to read.
import { DDSketch } from '@datadog/sketches-js';

const ours = DDSketch.fromProto(Buffer.from(process.argv[2], 'base64'));
console.log(ours.count, [0, 0.5, 0.9, 0.99, 1].map((q) => ours.getValueAtQuantile(q)).join(' '));

const theirs = new DDSketch({ relativeAccuracy: 0.02 });
for (const value of process.argv.slice(3)) {
  theirs.accept(Number(value));
}

console.log(Buffer.from(theirs.toProto()).toString('base64'));
