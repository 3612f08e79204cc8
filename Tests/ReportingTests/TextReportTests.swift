import Foundation
import Observations
import Testing
import TransportSecurity
import Verification

@testable import Reporting

@Suite("The text report")
struct TextReportTests {
  @Test("names every number")
  func everyNumber() throws {
    let text = try MadeUpReport.make(findings: [MadeUpReport.finding]).text
    let numbers = [
      1001, 1002, 1003, 1004, 1005, 1008, 2001, 2002, 2003, 2004, 2005, 3001, 3002, 3003, 3004, 3005, 3006, 4002, 4003,
      5001, 5002, 6001, 6002, 6003, 6004, 6005, 12_009, 3007, 3008, 6006, 6101, 9300, 9100, 9200, 9301, 7001, 7002,
      7003, 7004, 7015, 7777, 8001, 8002, 9001, 9002,
      9004, 9005, 9007,
    ]
    for number in numbers { #expect(text.contains(String(number)), "\(number)") }
    #expect(text.hasPrefix("FAIL  made-up against ws://127.0.0.1:8000/ws/chat/{group}/?…, 7777 connections, 12.3 s\n"))
    for line in [
      "  1002 × upgrade refused with HTTP status 403; first connection 1010 to [::1]:8001, after 2345.00 ms\n",
      "  upgrades  6101 connections with a trace = 6000 complete + 90 with findings + 11 incomplete\n",
      "  clocks    the target's is within −1.0 ms and +7011.0 ms of this machine's\n",
      "  loss      not excluded: made up\n",
      "  verifier  41.5% of one core, at most 9401 deliveries waiting\n",
      "0.000% of 2001 messages have a full verdict\n",
      "  context-leak                    acted on 8001 messages\n",
      "  1003 × not upgraded within the time limit\n", "closed by the server's close frame", "crossed-context × 8001",
    ] {
      #expect(text.contains(line))
    }
    for part in [
      "what was expected", "what was seen", "a tree", "a wanted tree", "an echo", "an excerpt", "00-sent",
      "12345678-00-00000001",
    ] {
      #expect(text.contains(part))
    }
  }

  @Test(
    "says first what the run means",
    arguments: [
      ("pass", "PASS", Tallies.clean), ("fail", "FAIL", Tallies.failing),
      ("inconclusive", "INCONCLUSIVE", Tallies.open),
    ])
  func headlines(_ label: String, word: String, tallies: Tallies) throws {
    let report = try MadeUpReport.make { $0 = tallies }
    #expect(report.verdict.outcome.rawValue == label, "\(report.verdict.reasons)")
    #expect(report.text.hasPrefix(word + "  "))
    for reason in report.verdict.reasons { #expect(report.text.contains("  - \(reason)\n")) }
  }

  @Test(
    "never rounds a share up to 100",
    arguments: [
      ("all", 1_000_000, 1_000_000, "100.000%"), ("all but one of a million", 999_999, 1_000_000, "99.999%"),
      ("all but one of a thousand million", 999_999_999, 1_000_000_000, "99.999%"), ("none", 0, 3, "0.000%"),
      ("a third", 1, 3, "33.333%"), ("of nothing", 0, 0, "-"),
    ])
  func percent(_ label: String, part: Int, whole: Int, text: String) {
    #expect(Report.percent(part, of: whole) == text)
  }

  @Test("never rounds a judged share up to 100")
  func judgedShares() throws {
    let report = try MadeUpReport.make(expect: ["propagation == 100%"]) { tallies in
      tallies.classes = [.continued: 9_999_999, .absent: 1]
      tallies.wrongContexts = 1
    }
    #expect(report.text.contains("actual: 99.999%"))
    #expect(!report.text.contains("actual: 100"))
  }

  @Test(
    "writes times in the unit that suits them",
    arguments: [
      (0, "0 ns"), (9_999, "9999 ns"), (10_000, "10.0 µs"), (999_949, "999.9 µs"), (1_000_000, "1.00 ms"),
      (9_999_990_000, "9999.99 ms"), (10_000_000_000, "10.00 s"), (UInt64.max, "18446744073.71 s"),
    ] as [(UInt64, String)])
  func times(nanoseconds: UInt64, text: String) { #expect(Report.time(nanoseconds) == text) }

  @Test(
    "lets nothing of the server reach the terminal but text",
    arguments: [
      "\u{1b}[31mred\u{1b}[0m", "a\u{7}b", "line\nbreak", "carriage\rreturn", "\u{9b}31m", "\u{202e}turned",
      "\u{2028}line", "nul\u{0}",
    ])
  func controlCharacters(hostile: String) throws {
    var finding = MadeUpReport.finding
    finding.evidence[0].actual = hostile
    finding.evidence[0].expected = hostile
    finding.evidence[0].excerpt = hostile
    finding.evidence[0].tree = [hostile]
    var report = try MadeUpReport.make(findings: [finding])
    report.run.target = hostile
    report.verdict.reasons.append(hostile)
    for scalar in report.text.unicodeScalars where scalar != "\n" {
      let category = scalar.properties.generalCategory
      #expect(category != .control && category != .format && category != .lineSeparator, "\(scalar.value)")
    }
    let harmless = try MadeUpReport.make(findings: [MadeUpReport.finding])
    #expect(report.text.split(separator: "\n").count == harmless.text.split(separator: "\n").count + 1)
  }

  @Test("has a table of close codes with the first reasons, unless all sessions ended as they should")
  func closeCodes() throws {
    let text = try MadeUpReport.make { tallies in
      tallies.closeCodes = [1000: 5, 1012: 7, 1006: 1, 4999: 7]
      tallies.closeReasons = [1012: "back soon"]
    }.text
    #expect(
      text.contains(
        """
          close code   sessions  meaning, and the first reason
          1012                7  service restart: 'back soon'
          4999                7  the application's own
          1000                5  normal closure
          1006                1  no close frame

        """))
    let quiet = try MadeUpReport.make { tallies in
      tallies.closeCodes = [1000: 5]
      tallies.closeReasons = [:]
    }.text
    #expect(!quiet.contains("first reason"))
    for code in UInt16(1000)...4999 { #expect(!CloseCodeWords.words(of: code).isEmpty) }
  }

  @Test(
    "says what compression saved, where it was asked for or agreed on",
    arguments: [
      (
        "agreed", true, 20,
        "  compression agreed on 20 of 1001 connections; messages out 40.0% of 10000 bytes, in 25.0% of 20000 bytes\n"
      ),
      ("declined", true, 0, "  compression agreed on 0 of 1001 connections\n"), ("not asked", false, 0, nil),
    ] as [(String, Bool, Int, String?)])
  func compression(_ label: String, isOffered: Bool, connections: Int, line: String?) throws {
    var report = try MadeUpReport.make { $0.compression.connections = connections }
    report.run.offersCompression = isOffered
    #expect(report.text.contains(line ?? "compression") == (line != nil))
  }

  @Test("tells an interrupted run, and one in which nothing was seen")
  func emptyRun() throws {
    var report = try MadeUpReport.make { $0 = Tallies() }
    report.run.wasInterrupted = true
    #expect(report.text.hasPrefix("INCONCLUSIVE (interrupted"))
    #expect(report.text.contains("no echo was seen"))
    #expect(report.text.contains("0 sent = 0 echoed + 0 lost"))
  }

  @Test("has words for each failure, close and unreadable message, no two alike")
  func words() {
    let failures: [ConnectionFailure] =
      [
        .system(111), .tls(.expiredCertificate), .tls(.alert(48)), .refusedUpgrade(status: 500), .closedEarly,
        .closedByProxy,
        .refusedByProxy(status: 500),
      ] + ConnectionStage.allCases.map { .timedOut($0) } + ProxyFault.allCases.map { .malformedProxyAnswer($0) }
      + UpgradeFault.allCases.map { .malformedUpgrade($0) }
    let causes: [CloseCause] = [
      .ours, .unanswered, .server, .streamEnded, .system(104), .tls(.flooded), .protocolError, .backlog,
    ]
    let reasons: [UnreadableReason] = [
      .invalidJSON, .notAnObject, .binary, .unmatched, .protocolError(section: StaticSection(5, 2), code: 1002),
      .protocolError(section: StaticSection(7, 2, of: 7692), code: 1007),
      .protocolError(section: StaticSection(6, 0, of: 7692), code: 1002),
    ]
    let words = failures.map(\.words) + causes.map(\.words) + reasons.map(\.description)
    #expect(Set(words).count == words.count)
    #expect(words.allSatisfy { !$0.isEmpty })
    #expect(reasons.last?.description == "frames that break RFC 7692 §6 (close code 1002)")
    #expect(ConnectionFailure.system(111).words == "failed: Connection refused")
    #expect(ConnectionFailure.tls(.wrongName).words == "not secured by TLS: the certificate is for another name")
    #expect(CloseCause.system(104).words.contains("Connection reset by peer"))
    #expect(ConnectionFailure.refusedUpgrade(status: 500).words.contains("500"))
  }
}

extension Tallies {
  /// One message that went well.
  static var clean: Tallies {
    var tallies = Tallies()
    tallies.opened = 1
    tallies.messagesSent = 1
    tallies.messagesEchoed = 1
    tallies.tracesExpected = 1
    tallies.tracesComplete = 1
    return tallies
  }

  static var failing: Tallies {
    var tallies = clean
    tallies.failures = [.closedEarly: 1]
    return tallies
  }

  static var open: Tallies {
    var tallies = clean
    tallies.tracesComplete = 0
    tallies.tracesUnseen = 1
    return tallies
  }
}
