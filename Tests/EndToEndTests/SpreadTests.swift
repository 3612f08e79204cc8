import ArgumentParser
import Foundation
import Testing

@testable import spanstorm

/// One load by several threads and processes.
@Suite struct SpreadTests {
  private func run(_ arguments: [String]) throws -> Tool.Outcome {
    try Tool.runInTime(
      [
        "run", Tool.scenario("chat-broadcast"), "--reference", "--seed", "5", "--for", "2s", "--rate", "100/s",
        "--connections", "40",
      ] + arguments)
  }

  @Test(arguments: [
    ["--threads", "2"], ["--workers", "2"], ["--workers", "3", "--threads", "2"], ["--workers", "1", "--pin"],
  ])
  func `a load that is shared sends the same messages, and is judged as one`(arguments: [String]) throws {
    let alone = try run([])
    let shared = try run(arguments)
    #expect(alone.status == 0, "\(alone.output)\(alone.diagnostics)")
    #expect(shared.status == 0, "\(shared.output)\(shared.diagnostics)")
    for part in ["messages", "copies", "echoes", "traces"] {
      #expect(try shared.counts(part) == (try alone.counts(part)), "\(part)")
    }
  }

  @Test func `workers' findings are those of one process`() throws {
    let outcome = try run(["--workers", "2", "--fault", "context-leak"])
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.diagnostics)")
    #expect(try outcome.findings == ["context-leak"])
  }

  @Test func `an interruption ends the workers and still reports`() throws {
    let outcome = try Tool.run(
      [
        "run", Tool.scenario("chat-broadcast"), "--reference", "--for", "60s", "--connections", "20", "--workers", "2",
      ], onceDiagnosticsContain: "loading"
    ) { process, _ in process.interrupt() }
    #expect(outcome.status == 130, "\(outcome.output)\(outcome.diagnostics)")
    #expect(try outcome.counts("messages")["sent", default: 0] > 0)
  }

  @Test func `a worker that ends early is told as a defect, and what the others saw is still reported`() throws {
    let outcome = try Tool.run(
      [
        "run", Tool.scenario("chat-broadcast"), "--reference", "--for", "60s", "--connections", "20", "--workers", "2",
      ], onceDiagnosticsContain: "loading"
    ) { process, _ in
      let children = try String(
        contentsOfFile: "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children", encoding: .utf8
      )
      let workers = children.split(separator: " ").compactMap { Int32($0) }.filter { child in
        (try? String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8))?.contains("worker") == true
      }
      #expect(workers.count == 2)
      if let worker = workers.first { kill(worker, SIGKILL) }
    }
    #expect(outcome.status == 70, "\(outcome.output)\(outcome.diagnostics)")
    #expect(outcome.diagnostics.contains("ended early, with status 9"))
    // What the others saw is told, and the server is not blamed for what is missing.
    #expect(outcome.output.hasPrefix("INCONCLUSIVE"), "\(outcome.output)")
    #expect(try outcome.counts("messages")["sent", default: 0] > 0)
  }

  @Test(arguments: [
    (1000, 1, UInt64(20_000), nil), (19_936, 1, 20_000, nil), (19_937, 1, 20_000, 2), (100_000, 1, 20_000, 6),
    (100_000, 10, 20_000, 6), (100_000, 1, 1_048_576, nil),
  ])
  func `there are as many workers as the open files of one ask for`(
    connections: Int, groupSize: Int, openFiles: UInt64, workers: Int?
  ) throws {
    var limits = MachineLimitsTests.plenty
    limits.openFiles = openFiles
    let spread = Spread(
      try EngineOptions.parse([]), connections: connections, groupSize: groupSize, limits: limits)
    #expect(spread.workers == workers)
    let needs = spread.needs(
      connections: connections, groupSize: groupSize, pairs: 100, isLocal: false, spins: false)
    #expect(limits.shortfalls(for: needs).allSatisfy { $0.weight == .warns })
  }
}

@Suite struct MachineLimitsTests {
  static let plenty = MachineLimits(
    openFiles: 1_000_000, ephemeralPorts: 1024...65535, processors: 64, clockNanoseconds: 1, acceptQueue: 4096,
    congestionControl: "cubic")
  static let modest = LoadNeeds(
    connections: 1000, connectionsPerProcess: 1000, connectionsPerPair: 1000, reactors: 1, spins: false, isLocal: true)

  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var weight: Shortfall.Weight
    var words: [String]
    var change: @Sendable (inout MachineLimits, inout LoadNeeds) -> Void
  }

  static let cases = [
    Case(
      testDescription: "open files", weight: .forbids, words: ["1064 open files", "limit is 1063", "ulimit -n 1064"]
    ) {
      limits, _ in limits.openFiles = 1063
    },
    Case(testDescription: "ports", weight: .forbids, words: ["28233 connections", "are 28232", "--source-addresses"]) {
      limits, needs in
      limits.ephemeralPorts = 32768...60999
      needs.connectionsPerPair = 28_233
    },
    Case(testDescription: "many ports", weight: .warns, words: ["12001 connections", "about 8000"]) { _, needs in
      needs.connectionsPerPair = 12_001
    },
    Case(testDescription: "processors", weight: .warns, words: ["65 threads", "64 processors"]) { _, needs in
      needs.reactors = 65
    },
    Case(testDescription: "spinning on all", weight: .warns, words: ["--spin keeps 64"]) { _, needs in
      needs.reactors = 64
      needs.spins = true
    },
    Case(testDescription: "a coarse clock", weight: .warns, words: ["steps by 4000000 ns"]) { limits, _ in
      limits.clockNanoseconds = 4_000_000
    },
    Case(testDescription: "a short accept queue", weight: .warns, words: ["128 connections", "somaxconn"]) {
      limits, _ in
      limits.acceptQueue = 128
    },
    Case(testDescription: "bbr", weight: .warns, words: ["bbr", "cubic"]) { limits, _ in
      limits.congestionControl = "bbr"
    },
  ]

  @Test func `a machine that has plenty falls short of nothing`() {
    #expect(Self.plenty.shortfalls(for: Self.modest).isEmpty)
  }

  @Test(arguments: cases)
  func `what falls short is told with the numbers and a fix`(_ example: Case) {
    var limits = Self.plenty
    var needs = Self.modest
    example.change(&limits, &needs)
    let shortfalls = limits.shortfalls(for: needs)
    #expect(shortfalls.map(\.weight) == [example.weight])
    for word in example.words { #expect(shortfalls.first?.line.contains(word) == true, "\(word)") }
  }

  @Test func `the doctor tells this machine's limits, and refuses what cannot be right`() throws {
    let fine = try Tool.run(["doctor", "--connections", "10"])
    #expect(fine.status == 0, "\(fine.output)")
    #expect(fine.output.contains("open files of a process"))
    let wrong = try Tool.run(["doctor", "--connections", "1000000"])
    #expect(wrong.status == 2, "\(wrong.output)")
    #expect(wrong.output.contains("--source-addresses"))
  }

  @Test func `a run that cannot be right is refused with the numbers`() throws {
    let outcome = try Tool.run([
      "run", Tool.scenario("echo-steady"), "--target", "ws://127.0.0.1:1", "--connections", "40000", "--collector-port",
      "0", "--source-addresses", "127.0.0.1",
    ])
    #expect(outcome.status == 64, "\(outcome.output)\(outcome.diagnostics)")
    #expect(outcome.diagnostics.contains("40000 connections from one address to one other"))
    #expect(outcome.diagnostics.contains("--force"))
  }
}
