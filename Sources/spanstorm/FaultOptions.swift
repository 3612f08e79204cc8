import ArgumentParser
import ReferenceServer
import Scenarios

/// What the reference server does wrong, of `serve` and of `run --reference`.
struct FaultOptions: ParsableArguments {
  @Option(
    name: .customLong("fault"),
    help: ArgumentHelp(
      "A misbehaviour of the reference server, in all messages or in a share of them, as in 'context-leak=0.1%' "
        + "(repeatable).", valueName: "name"),
    transform: FaultOptions.order)
  var orders: [FaultOrder] = []

  @Flag(
    help: ArgumentHelp(
      "The reference server behaves as its article wrote it, with every mistake of that; excludes --fault."))
  var asWritten = false

  var isEmpty: Bool { orders.isEmpty && !asWritten }

  func validate() throws {
    guard orders.isEmpty || !asWritten else {
      throw ValidationError("--fault and --as-written exclude each other: the article's server has mistakes of its own")
    }
  }

  private static func order(_ text: String) throws -> FaultOrder {
    do throws(FaultOrderFault) {
      return try FaultOrder(text)
    } catch {
      throw ValidationError(words(error))
    }
  }

  private static func words(_ fault: FaultOrderFault) -> String {
    switch fault {
    case .unknownFault(let name):
      "unknown fault"
        + (nearest(to: name, among: Fault.allCases.map(\.rawValue)).map { "; did you mean '\($0)'?" }
          ?? "; 'spanstorm serve --help' lists them")
    case .malformedShare: "a share of messages is written as in 'context-leak=0.1%'"
    case .shareOutOfRange: "a share of messages is above 0 % and at most 100 %"
    }
  }
}
