import ArgumentParser
import CLinux
import Glibc
import Reactor
import ReferenceServer
import TransportSecurity

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves the reference chat: traced, with rooms, and right unless a fault is asked for.",
    discussion: """
      Prints 'listening ws://…', with a certificate 'listening wss://…', once it accepts connections. The chat lives at /ws/chat/<room>/ and understands \
      {"type":"chat_message","message":…} and {"type":"typing","is_typing":…}, each with a "trace_context" object.

      A fault acts on each message on its own, in the share that its name is followed by, wherever it can be seen: what \
      changes a tracestate needs one that came, for instance. At the end standard error tells of each fault how many \
      messages it acted on.

      With --as-written the chat is that of the reference article, which propagates wrongly: the receive span is in the \
      connection's trace, the echo names the span above the send span's, typing leaks its context, a carrier that is no \
      object ends the connection, and more. No faults go with it: nothing says which of the two a message shows.

      Faults:
      \(Fault.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))
      """)

  @Option(help: ArgumentHelp("Address to listen on.", valueName: "address")) var host = "127.0.0.1"
  @Option(help: ArgumentHelp("Port to listen on; 0 lets the kernel choose.", valueName: "port")) var port: UInt16 = 0
  @Option(help: ArgumentHelp("Where spans go: an OTLP/HTTP endpoint like 'http://127.0.0.1:4318'.", valueName: "URL"))
  var otlp: String?
  @Option(
    name: .customLong("export-queue"), help: ArgumentHelp("Spans that may wait for their export.", valueName: "N"))
  var exportQueue = 200_000
  @OptionGroup var faults: FaultOptions
  @Flag(help: "Agrees to permessage-deflate (RFC 7692) where a client offers it.") var compression = false
  @Option(help: ArgumentHelp("A subprotocol that is chosen where a client offers it (repeatable).", valueName: "name"))
  var subprotocol: [String] = []
  @OptionGroup var tls: ServerTLSOptions
  @Flag(help: .hidden) var endWithParent = false

  func validate() throws {
    if let otlp, Self.endpoint(otlp) == nil {
      throw ValidationError("--otlp '\(otlp)' is no endpoint; write it as in 'http://127.0.0.1:4318'")
    }
    guard exportQueue > 0 else { throw ValidationError("--export-queue is above 0") }
  }

  func run() throws {
    Interruption.watch()
    if endWithParent { linux_end_with_parent(SIGTERM) }
    _ = linux_raise_open_files()
    let exporter = otlp.flatMap(Self.endpoint).map { endpoint in
      var configuration = SpanExporter.Configuration(host: endpoint.host, port: endpoint.port)
      configuration.queueSize = exportQueue
      return SpanExporter(configuration)
    }
    let context = try tlsContext()
    let server: ReferenceServer
    do {
      server = try ReferenceServer(
        address: SocketAddress(host: host, port: port), faults: faults.orders, isAsWritten: faults.asWritten,
        acceptsCompression: compression,
        subprotocols: subprotocol, exporter: exporter, tls: context, isStopping: { Interruption.times > 0 })
    } catch {
      complain("error: the reference server cannot listen on \(host):\(port): \(error)")
      throw ExitStatus.usage.code
    }
    say("listening \(context == nil ? "ws" : "wss")://\(host.contains(":") ? "[\(host)]" : host):\(server.port)\n")
    server.run()
    tell(server.injectedFaults)
    if let counts = exporter?.counts, counts.overflowed + counts.failed > 0 {
      complain(
        "spans: \(counts.exported) exported, \(counts.overflowed) found the queue full, \(counts.failed) were not taken"
      )
    }
  }

  /// Tells a process that started this one in lines that it reads, and people in words.
  private func tell(_ injected: [(fault: Fault, messages: Int)]) {
    for (fault, messages) in injected {
      if endWithParent {
        say("\(ReferenceProcess.injectedWord) \(fault.rawValue) \(messages)\n")
      } else {
        complain("injected \(fault.rawValue): \(messages) messages")
      }
    }
  }

  private func tlsContext() throws -> TLSContext? {
    guard let identity = tls.identity else { return nil }
    do throws(TLSContextFault) {
      return try TLSContext(server: identity)
    } catch {
      complain("error: \(error)")
      throw ExitStatus.usage.code
    }
  }

  private static func endpoint(_ url: String) -> (host: String, port: UInt16)? {
    guard url.hasPrefix("http://") else { return nil }
    let rest = url.dropFirst("http://".count).prefix { $0 != "/" }
    guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0 else {
      return rest.isEmpty ? nil : (String(rest), 4318)
    }
    return (String(rest[..<colon]), port)
  }
}
