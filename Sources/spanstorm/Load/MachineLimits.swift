import CLinux
import Foundation
import LoadEngine

/// What this machine has of what a load needs.
struct MachineLimits {
  /// Open files of one process: what is in force, and what it may be raised to.
  var openFiles: UInt64
  /// Ports that the kernel may choose for a connection.
  var ephemeralPorts: ClosedRange<Int>
  var processors: Int
  /// The smallest step of the clock, in nanoseconds.
  var clockNanoseconds: Int64
  /// Connections that may wait to be accepted by one listening socket of this machine.
  var acceptQueue: Int
  var congestionControl: String

  /// Raises the open-file limit to what it may be, and reads the others.
  static func read() -> MachineLimits {
    let ports = words("/proc/sys/net/ipv4/ip_local_port_range").compactMap { Int($0) }
    return MachineLimits(
      openFiles: linux_raise_open_files(),
      ephemeralPorts: ports.count == 2 && ports[0] <= ports[1] ? ports[0]...ports[1] : 32768...60999,
      processors: Int(linux_processor_count()), clockNanoseconds: linux_clock_resolution(),
      acceptQueue: words("/proc/sys/net/core/somaxconn").first.flatMap { Int($0) } ?? 4096,
      congestionControl: words("/proc/sys/net/ipv4/tcp_congestion_control").first ?? "unknown")
  }

  private static func words(_ path: String) -> [String] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// Descriptors that a process has open beside its connections.
  static let spareFiles = 64
}

/// Something that this machine lacks, or has in a way that shows in the figures.
struct Shortfall: Equatable {
  enum Weight: Equatable {
    /// A run would be wrong.
    case forbids
    /// A run is right, but its figures are worse than they could be.
    case warns
  }

  var weight: Weight
  /// What is found, against what is needed.
  var text: String
  /// What to do about it, exactly.
  var fix: String

  /// For people, as a diagnostic is.
  var line: String { "\(weight == .forbids ? "error" : "warning"): \(text); \(fix)" }
}

/// What a load asks of the machine that runs it.
struct LoadNeeds {
  var connections: Int
  /// The most of one process.
  var connectionsPerProcess: Int
  /// The most from one source address to one target address.
  var connectionsPerPair: Int
  /// Threads that send.
  var reactors: Int
  var spins: Bool
  /// Whether the target is on this machine too.
  var isLocal: Bool
}

extension MachineLimits {
  /// What of it falls short of a load's needs, worst first.
  func shortfalls(for needs: LoadNeeds) -> [Shortfall] {
    var found: [Shortfall] = []
    let files = needs.connectionsPerProcess + Self.spareFiles
    if files > Int(clamping: openFiles) {
      found.append(
        Shortfall(
          weight: .forbids,
          text:
            "\(needs.connectionsPerProcess) connections in a process need \(files) open files, but the limit is \(openFiles)",
          fix:
            "raise it with 'ulimit -n \(files)' (as root, or in /etc/security/limits.conf), or share the connections among more processes with --workers"
        ))
    }
    if needs.connectionsPerPair > ephemeralPorts.count {
      found.append(
        Shortfall(
          weight: .forbids,
          text:
            "\(needs.connectionsPerPair) connections from one address to one other need as many ports, but \(ephemeralPorts.lowerBound)-\(ephemeralPorts.upperBound) are \(ephemeralPorts.count)",
          fix:
            "give more source addresses with --source-addresses (about \(LoadReactor.connectionsPerSource) connections each), or 'sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"'"
        ))
    } else if needs.connectionsPerPair > LoadReactor.connectionsPerSource * 3 / 2 {
      found.append(
        Shortfall(
          weight: .warns,
          text:
            "\(needs.connectionsPerPair) connections from one address to one other make the search for a free port slow: connect times will say so",
          fix:
            "give more source addresses with --source-addresses, about \(LoadReactor.connectionsPerSource) connections each"
        ))
    }
    if needs.reactors > processors {
      found.append(
        Shortfall(
          weight: .warns, text: "\(needs.reactors) threads send, but there are \(processors) processors",
          fix: "lower --threads or --workers"))
    }
    if needs.spins, needs.reactors >= processors {
      found.append(
        Shortfall(
          weight: .warns,
          text: "--spin keeps \(needs.reactors) processors busy, and \(processors) are all that there are",
          fix: "leave one processor for the collector and the verifier, or leave --spin out"))
    }
    if clockNanoseconds > 1000 {
      found.append(
        Shortfall(
          weight: .warns, text: "the clock steps by \(clockNanoseconds) ns, so that latencies are that coarse",
          fix: "use a clock source of high resolution (see /sys/devices/system/clocksource)"))
    }
    if needs.isLocal, acceptQueue < min(needs.connections, 1024) {
      found.append(
        Shortfall(
          weight: .warns,
          text: "the target is on this machine, where \(acceptQueue) connections at most may wait to be accepted",
          fix: "'sysctl -w net.core.somaxconn=4096', or lower 'connect-rate'"))
    }
    if congestionControl == "bbr" {
      found.append(
        Shortfall(
          weight: .warns,
          text:
            "the congestion control in use is bbr, which paces by timers and costs a quarter of the throughput on short round trips",
          fix: "'sysctl -w net.ipv4.tcp_congestion_control=cubic', or keep it in mind when figures are compared"))
    }
    return found.filter { $0.weight == .forbids } + found.filter { $0.weight == .warns }
  }
}
