/// How long each stage of a connection may last; whoever takes longer is given up.
package struct TimeLimits: Hashable, Sendable {
  /// For the resolver's answer, once a run.
  package var dns = Duration.seconds(5)
  package var tcp = Duration.seconds(10)
  /// From our CONNECT to the end of the proxy's answer.
  package var proxy = Duration.seconds(10)
  package var tls = Duration.seconds(10)
  package var upgrade = Duration.seconds(30)
  /// From our close frame to the end of the stream.
  package var close = Duration.seconds(3)

  package init() {}
}
