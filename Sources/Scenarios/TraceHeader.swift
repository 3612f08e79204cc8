/// The names of trace context's parts, as members of a carrier and as header fields (W3C Trace Context and W3C Baggage).
package enum TraceHeader: String, CaseIterable, Sendable {
  case traceparent, tracestate, baggage
}
