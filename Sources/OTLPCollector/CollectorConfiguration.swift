package import Observations
package import TransportSecurity

extension Collector {
  /// Where a collector listens and how it answers.
  package struct Configuration: Sendable {
    package var host = "127.0.0.1"
    /// 0 lets the kernel choose. Every port serves OTLP over HTTP/1.1, HTTP/2 and gRPC.
    package var port = 0
    /// A second port, where exporters look for gRPC; nil for none.
    package var grpcPort: Int?
    /// How much later than possible every request for traces is answered; its spans are delivered at once all the
    /// same. Provokes the loss that a slow collector causes in exporters with a bounded queue.
    package var answerDelay: Duration = .zero
    /// Bytes of the largest body, as sent and as decompressed; OTLP's default, at most 1 GiB.
    package var bodyLimit = 64 << 20
    /// What every request must show as `authorization: Bearer TOKEN`; nil lets everybody in.
    package var token: String?
    /// The certificate of every port; nil for no TLS.
    package var tls: TLSIdentity?
    package var faults: [FaultInjection] = []
    /// The services whose spans are handed on, by `service.name`; empty for all. Those of others are only counted.
    package var services: [String] = []
    /// What else is told of spans; an empty one costs nothing.
    package var watch = SpanWatch()
    /// Where every body that was taken goes, too.
    package var forward: ForwardDestination?

    /// Bytes of unfinished bodies over all connections; the request that goes beyond is asked to come back.
    var bodyBudget = 256 << 20
    /// How long a body may take to arrive where others find no room for theirs.
    var bodyPatience: Duration = .seconds(10)
    var connectionLimit = 1024
    /// Where all of them are taken, one that has sent nothing for so long makes way for a new one.
    var silenceLimit: Duration = .seconds(10)
    /// A connection that sends nothing for so long is closed; exporters keep theirs open between batches.
    var idleLimit: Duration = .seconds(300)
    /// How long a connection that we end is read on, so that its client can finish sending and read the answer.
    var lingerLimit: Duration = .seconds(2)
    /// Requests that one connection of HTTP/2 may have open.
    var streamLimit = 100
    /// Bytes of bodies that wait to be passed on.
    var forwardQueueLimit = 64 << 20

    package init() {}

    var ports: [Int] { [port] + [grpcPort].compactMap(\.self) }

    /// What zlib's 32-bit counters hold with ease.
    static let greatestBodyLimit = 1 << 30
  }
}
