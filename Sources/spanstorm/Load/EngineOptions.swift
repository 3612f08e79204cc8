import ArgumentParser
import CLinux
import LoadEngine
import Planning
import Reactor

/// How a load is carried: by how many threads and processes, and how exactly in time.
struct EngineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads that send and receive, in each process.", valueName: "N")) var threads = 1

  @Option(
    help: ArgumentHelp(
      "Processes that share the connections; by default none but this, or as many as its open-file limit asks for.",
      valueName: "N"))
  var workers: Int?

  @Flag(help: "Keeps each thread that sends on a processor of its own.") var pin = false

  @Flag(help: "Looks at the clock in the last microseconds before a message is due; takes a processor for each thread.")
  var spin = false

  @Flag(help: "Runs also where this machine's limits would falsify the run; 'spanstorm doctor' tells them.")
  var force = false

  func validate() throws {
    guard (1...64).contains(threads) else { throw ValidationError("--threads lies between 1 and 64") }
    if let workers, !(1...64).contains(workers) { throw ValidationError("--workers lies between 1 and 64") }
    guard threads * (workers ?? 1) <= Share.limit else {
      throw ValidationError("--threads times --workers is \(Share.limit) at most")
    }
  }
}

/// How a load is spread over processes and threads.
struct Spread {
  /// Nil runs it in this process.
  var workers: Int?
  var threads: Int

  /// The processes that were asked for, or as many as the open files of one ask for.
  init(_ options: EngineOptions, connections: Int, groupSize: Int, limits: MachineLimits) {
    threads = options.threads
    let room = max(Int(clamping: limits.openFiles) - MachineLimits.spareFiles, 1)
    if let asked = options.workers {
      workers = asked
    } else if connections > room {
      let atMost = Share.limit / threads
      workers = (2...max(atMost, 2)).first { Self.largestShare($0, connections, groupSize) <= room } ?? atMost
    } else {
      workers = nil
    }
  }

  private static func largestShare(_ count: Int, _ connections: Int, _ groupSize: Int) -> Int {
    Share(index: 0, count: count).connections(of: connections, groupSize: groupSize).count
  }

  func needs(connections: Int, groupSize: Int, route: Route, spins: Bool) -> LoadNeeds {
    needs(
      connections: connections, groupSize: groupSize, pairs: route.pairs,
      isLocal: route.addresses.allSatisfy(\.isLoopback), spins: spins)
  }

  /// - Parameter pairs: source addresses times target addresses.
  func needs(connections: Int, groupSize: Int, pairs: Int, isLocal: Bool, spins: Bool) -> LoadNeeds {
    LoadNeeds(
      connections: connections, connectionsPerProcess: Self.largestShare(workers ?? 1, connections, groupSize),
      connectionsPerPair: (connections + pairs - 1) / pairs, reactors: threads * (workers ?? 1), spins: spins,
      isLocal: isLocal)
  }

  /// The processors of the threads of one process, or none where they are not kept on any.
  func processors(ofWorker index: Int, isPinned: Bool) -> [Int32] {
    isPinned ? (0..<threads).map { linux_nth_processor(Int32(index * threads + $0)) } : []
  }
}
