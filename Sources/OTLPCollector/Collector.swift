import NIOCore
import NIOHTTP1
import NIOPosix
package import Observations
import Synchronization

/// Listens for OTLP over HTTP and gRPC and turns the spans that arrive into observations; one thread, nothing kept.
///
/// A request is stored first and answered then: its spans are delivered before the exporter learns of it, so that a
/// span of an export that succeeded is never missing.
package final class Collector: Sendable {
  /// The port that it listens on.
  package let port: Int
  /// The second port, where the configuration asks for one.
  package let grpcPort: Int?

  private let group: MultiThreadedEventLoopGroup
  private let listeners: [any Channel]
  private let ledger: CountLedger
  private let forwarder: NIOLoopBound<Forwarder>?
  /// How long the end waits for what is still to be passed on.
  private static let forwardPatience = TimeAmount.seconds(10)
  private let isStopped = Mutex(false)

  private init(
    port: Int, grpcPort: Int?, group: MultiThreadedEventLoopGroup, listeners: [any Channel], ledger: CountLedger,
    forwarder: NIOLoopBound<Forwarder>?
  ) {
    self.port = port
    self.grpcPort = grpcPort
    self.group = group
    self.listeners = listeners
    self.ledger = ledger
    self.forwarder = forwarder
  }

  /// Listens, and returns once connections are accepted.
  ///
  /// - Parameter deliver: takes the spans of one export request, on the collector's own thread; no answer is sent while
  ///   it runs. Every name and service that a batch uses was announced in it or in an earlier one that was taken. Where
  ///   it returns false the batch is not taken: nothing of it is counted, and the exporter is asked to send it again.
  /// - Throws: `CollectorUnavailable`.
  package static func start(
    _ configuration: Configuration = Configuration(), deliver: @escaping @Sendable (SpanBatch) -> Bool
  ) throws(CollectorUnavailable) -> Collector {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      return try start(configuration, on: group, deliver)
    } catch let error as CollectorUnavailable {
      try? group.syncShutdownGracefully()
      throw error
    } catch {
      try? group.syncShutdownGracefully()
      throw CollectorUnavailable(host: configuration.host, port: configuration.port, reason: "\(error)")
    }
  }

  private static func start(
    _ configuration: Configuration, on group: MultiThreadedEventLoopGroup,
    _ deliver: @escaping @Sendable (SpanBatch) -> Bool
  ) throws -> Collector {
    let ledger = CountLedger(services: configuration.services)
    let loop = group.next()
    let (shared, forwarder) = try loop.submit {
      let forwarder = configuration.forward.map {
        Forwarder($0, eventLoop: loop, ledger: ledger, queueLimit: configuration.forwardQueueLimit)
      }
      StallMeter(eventLoop: loop, ledger: ledger).run()
      let shared = NIOLoopBound(
        try CollectorLoop(
          configuration: configuration, ledger: ledger, forwarder: forwarder, deliver: deliver),
        eventLoop: loop)
      return (shared, forwarder.map { NIOLoopBound($0, eventLoop: loop) })
    }.wait()
    let listeners = try listen(configuration, bootstrap(group, shared))
    try configuration.forward?.checkIsElsewhere(listeners)
    let ports = zip(listeners, configuration.ports).map { $0.localAddress?.port ?? $1 }
    return Collector(
      port: ports.first ?? configuration.port, grpcPort: configuration.grpcPort == nil ? nil : ports.last,
      group: group, listeners: listeners, ledger: ledger, forwarder: forwarder)
  }

  private static func listen(_ configuration: Configuration, _ bootstrap: ServerBootstrap) throws -> [any Channel] {
    try configuration.ports.map { port in
      do {
        return try bootstrap.bind(host: configuration.host, port: port).wait()
      } catch {
        throw CollectorUnavailable(host: configuration.host, port: port, reason: "\(error)")
      }
    }
  }

  /// What has been received so far; from any thread.
  package var counts: CollectorCounts { ledger.counts }

  /// All that has been received so far, and from whom; from any thread.
  package var books: CollectorBooks { ledger.books }

  /// Closes every connection and ends the thread; nothing is delivered once this has returned. Call it once the
  /// collector is no longer needed, from any thread but its own.
  package func stop() {
    let wasStopped = isStopped.withLock { isStopped in
      defer { isStopped = true }
      return isStopped
    }
    guard !wasStopped else { return }
    // The only failures are those of what is closed already.
    for listener in listeners { try? listener.close().wait() }
    if let forwarder {
      try? group.next().flatSubmit { forwarder.value.drain(within: Self.forwardPatience) }.wait()
    }
    try? group.syncShutdownGracefully()
  }

  private static func bootstrap(
    _ group: MultiThreadedEventLoopGroup, _ shared: NIOLoopBound<CollectorLoop>
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      // Exporters send bodies of 100 KB and more: fewer, larger reads.
      .childChannelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65536, maximum: 262_144)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try shared.value.admit(channel) }
      }
  }
}

/// The collector cannot listen.
package struct CollectorUnavailable: Error, CustomStringConvertible {
  package let host: String
  package let port: Int
  package let reason: String

  package var description: String { "the collector cannot listen on \(host):\(port): \(reason)" }
}
