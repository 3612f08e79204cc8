/// What an export request carries.
package enum OTLPSignal: Hashable, Sendable, CaseIterable {
  case traces, metrics, logs
}
