// Every bound of the data plane: name, unit, default, and the config key under `limits:` that changes it. A bound that
// is not in this table does not exist; docs/generated/limits.md and the config schema are made from it.
// Each has a test at the limit and one past it; tests/architecture/limits.test.ts knows which have none.

export type LimitUnit = 'bytes' | 'ms' | 'count' | 'bytesPerSecond'

export interface LimitDefinition {
  readonly unit: LimitUnit
  readonly default: number
  /** What the config takes at the most, where it is less than for others of this unit. */
  readonly max?: number
  readonly summary: string
}

const KiB = 1024
const MiB = 1024 * KiB

export const limitDefinitions = {
  headerBytes: { unit: 'bytes', default: 32 * KiB, summary: 'Size of the request line and all header lines.' },
  headerCount: { unit: 'count', default: 100, summary: 'Number of request header lines.' },
  urlBytes: { unit: 'bytes', default: 8 * KiB, summary: 'Length of the request target.' },
  bodyInspected: { unit: 'bytes', default: MiB, summary: 'Request body read before the decision.' },
  bodyMax: { unit: 'bytes', default: 100 * MiB, summary: 'Request body passed at the most.' },
  fileInspected: {
    unit: 'bytes',
    default: 64 * KiB,
    summary: 'Start of a file part or binary body that is inspected.',
  },
  arguments: {
    unit: 'count',
    default: 1000,
    max: 100_000,
    summary: 'Arguments of query and form together; cookies, counted for themselves.',
  },
  // The reader of JSON calls itself for each level: the ceiling keeps it off the end of the stack.
  jsonDepth: { unit: 'count', default: 64, max: 512, summary: 'Nesting of a JSON body.' },
  jsonKeys: { unit: 'count', default: 10_000, max: 1_000_000, summary: 'Keys and array items of a JSON body.' },
  xmlDepth: { unit: 'count', default: 64, max: 10_000, summary: 'Nesting of an XML body.' },
  xmlNodes: {
    unit: 'count',
    default: 20_000,
    max: 1_000_000,
    summary: 'Elements, attributes and texts of an XML body.',
  },
  multipartParts: { unit: 'count', default: 200, max: 10_000, summary: 'Parts of a multipart body.' },
  helloBytes: {
    unit: 'bytes',
    default: 64 * KiB,
    max: MiB,
    summary: 'Size of a TLS ClientHello with its records.',
  },
  helloTimeout: {
    unit: 'ms',
    default: 5_000,
    summary:
      'From the start of a connection to the end of its PROXY header, and from there to the end of its ClientHello.',
  },
  handshakeTimeout: { unit: 'ms', default: 10_000, summary: 'From the ClientHello to the end of the TLS handshake.' },
  headerTimeout: {
    unit: 'ms',
    default: 10_000,
    summary: 'From the first byte of a request to the end of its headers.',
  },
  bodyIdleTimeout: { unit: 'ms', default: 30_000, summary: 'Silence within a request body.' },
  bodyMinRate: { unit: 'bytesPerSecond', default: 500, summary: 'Mean rate of a request body, after bodyRateGrace.' },
  bodyRateGrace: {
    unit: 'ms',
    default: 10_000,
    summary: 'Time waited for a request body before its mean rate counts.',
  },
  responseIdleTimeout: {
    unit: 'ms',
    default: 60_000,
    summary: 'Silence of a client that does not take its response.',
  },
  responseMinRate: {
    unit: 'bytesPerSecond',
    default: 500,
    summary: 'Mean rate at which a client takes a response while we wait for it, after responseRateGrace.',
  },
  responseRateGrace: {
    unit: 'ms',
    default: 10_000,
    summary: 'Time waited for a client to take its response before its mean rate counts.',
  },
  responseStall: {
    unit: 'ms',
    default: 1_000,
    summary: 'A response not taken for so long is cut when requests wait for a connection to its upstream.',
  },
  stalledPerIp: {
    unit: 'count',
    default: 16,
    summary:
      'Responses of one client address that are not taken, at once and by one worker, while requests wait for a connection to their upstream; one more is cut.',
  },
  keepAliveTimeout: { unit: 'ms', default: 65_000, summary: 'Silence between two requests of a connection.' },
  lingerTimeout: {
    unit: 'ms',
    default: 10_000,
    summary: 'Reading on after a last answer that went out before its request was in.',
  },
  upstreamConnectTimeout: { unit: 'ms', default: 5_000, summary: 'Connecting to an upstream server.' },
  upstreamTimeout: {
    unit: 'ms',
    default: 30_000,
    summary: 'Silence of the upstream, before its headers and within its body.',
  },
  upstreamConnections: { unit: 'count', default: 256, summary: 'Connections of one worker to one upstream server.' },
  upstreamWaiting: {
    unit: 'count',
    default: 1024,
    summary: 'Requests of one worker that wait for a connection to one upstream; more are answered with 503.',
  },
  upstreamAttempts: { unit: 'count', default: 3, summary: 'Servers tried for one idempotent request.' },
  connectionsPerIp: {
    unit: 'count',
    default: 256,
    summary: 'Open connections of one client address; trusted proxies are exempt.',
  },
  acceptQueue: {
    unit: 'count',
    default: 4096,
    max: 65_535,
    summary:
      'Connections that wait for a worker to take them; the kernel drops more, and cuts this to its own net.core.somaxconn. Counts for a listener from its start on.',
  },
  connectionsTotal: { unit: 'count', default: 10_000, summary: 'Open client connections of one worker.' },
  cutsPerIp: {
    unit: 'count',
    default: 10,
    summary:
      'Connections of one client address that were cut for passing a limit of HTTP/2 frames; then none is taken until a minute after the last cut. Trusted proxies are exempt.',
  },
  requestsPerConnection: { unit: 'count', default: 10_000, summary: 'Requests on one connection before it is closed.' },
  http2Streams: { unit: 'count', default: 100, max: 10_000, summary: 'Requests at once on one HTTP/2 connection.' },
  http2Window: {
    unit: 'bytes',
    default: 64 * KiB - 1,
    max: 2 ** 24,
    summary: 'Bytes of a body that an HTTP/2 client may send before they are read.',
  },
  http2LargeBodies: {
    unit: 'count',
    default: 8,
    summary: 'Request bodies of more than 64 KiB held at once for one HTTP/2 connection; others wait.',
  },
  http2Resets: {
    unit: 'count',
    default: 200,
    summary: 'Requests of one HTTP/2 connection that are reset within 30 s.',
  },
  http2BadHeads: {
    unit: 'count',
    default: 100,
    summary: 'Requests of one HTTP/2 connection within 30 s that are refused as malformed or too large.',
  },
  http2Refused: {
    unit: 'count',
    default: 100,
    max: 10_000,
    summary: 'Requests beyond http2Streams on one HTTP/2 connection within 30 s, each of them refused.',
  },
  // nghttp2 takes no more than 8.
  http2Continuations: { unit: 'count', default: 8, max: 8, summary: 'CONTINUATION frames of one HTTP/2 request.' },
  http2ControlFrames: {
    unit: 'count',
    default: 2_000,
    summary: 'PING, SETTINGS, PRIORITY and unknown frames of one HTTP/2 connection within 30 s.',
  },
  http2EmptyFrames: {
    unit: 'count',
    default: 100,
    summary: 'DATA frames with nothing in them on one HTTP/2 connection within 30 s.',
  },
  http2WindowUpdates: {
    unit: 'count',
    default: 2_000,
    summary: 'WINDOW_UPDATE frames of one HTTP/2 connection within 30 s, beside one for each KiB that was sent to it.',
  },
  websocketMessageBytes: {
    unit: 'bytes',
    default: MiB,
    max: 2 ** 26,
    summary: 'Size of a message of a WebSocket client.',
  },
  websocketMessages: {
    unit: 'count',
    default: 1_000,
    summary: 'Messages, PINGs among them, of one WebSocket client within 10 s.',
  },
  websocketFrames: {
    unit: 'count',
    default: 10_000,
    summary: 'Frames of one WebSocket client within 10 s: messages may come in many.',
  },
  tunnelIdleTimeout: {
    unit: 'ms',
    default: 300_000,
    summary: 'Silence of both sides of a WebSocket or another tunnel.',
  },
  delayedAnswers: {
    unit: 'count',
    default: 1000,
    max: 100_000,
    summary: 'Refusals that one worker keeps back at the same time; more go out at once.',
  },
  responseInspected: {
    unit: 'bytes',
    default: 512 * KiB,
    max: 2 ** 26,
    summary: 'Response body inspected, text types only.',
  },
  eventQueue: { unit: 'count', default: 10_000, summary: 'Events waiting to be stored; more are counted and dropped.' },
  drainTimeout: { unit: 'ms', default: 30_000, summary: 'From SIGTERM to the end of the last request.' },
} as const satisfies Record<string, LimitDefinition>

export type LimitName = keyof typeof limitDefinitions
export type Limits = Readonly<Record<LimitName, number>>

export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(Object.entries(limitDefinitions).map(([name, { default: value }]) => [name, value])),
) as Limits
