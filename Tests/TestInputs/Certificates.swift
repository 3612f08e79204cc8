import Foundation

/// Certificates of an authority that exists for one run of the tests, made by the `openssl` command.
package struct Certificates: Sendable {
  package struct Identity: Sendable {
    package var certificate: String
    package var key: String
  }

  /// May be written into.
  package let folder: String
  /// The certificate of the authority that has signed all others.
  package let authority: String
  /// For `localhost`, 127.0.0.1 and ::1.
  package let good: Identity
  package let expired: Identity
  package let notYetValid: Identity
  /// For `elsewhere.example`.
  package let elsewhere: Identity
  package let client: Identity
  /// Of an authority of its own: itself.
  package let selfSigned: Identity

  /// Made once for all tests of a process, and removed when that ends.
  package static let shared: Certificates? = {
    do {
      let certificates = try Certificates()
      atexit { if let folder = Certificates.shared?.folder { try? FileManager.default.removeItem(atPath: folder) } }
      return certificates
    } catch {
      return nil
    }
  }()

  private static let configuration = """
    [ca]
    default_ca = authority
    [authority]
    database = index.txt
    new_certs_dir = .
    rand_serial = yes
    unique_subject = no
    copy_extensions = copy
    default_md = sha256
    policy = anything
    [anything]
    commonName = optional
    [req]
    distinguished_name = nobody
    [nobody]

    """

  private init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("certificates-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.folder = folder.path
    try Data(Self.configuration.utf8).write(to: folder.appendingPathComponent("openssl.cnf"))
    try Data().write(to: folder.appendingPathComponent("index.txt"))
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    func run(_ arguments: String...) throws {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["openssl"] + arguments
      process.currentDirectoryURL = folder
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { throw CertificateFault(command: arguments) }
    }
    func selfSigned(_ name: String, _ extension: String) throws -> Identity {
      try run(
        "req", "-config", "openssl.cnf", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", "\(name).key", "-out", "\(name).pem", "-subj", "/CN=\(name)", "-days", "2", "-addext", `extension`)
      return Identity(certificate: path("\(name).pem"), key: path("\(name).key"))
    }
    func signed(_ name: String, for subjects: String, from start: String = "20200101", to end: String = "21000101")
      throws -> Identity
    {
      try run(
        "req", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        "\(name).key", "-out", "\(name).csr", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(subjects)")
      try run(
        "ca", "-config", "openssl.cnf", "-batch", "-notext", "-cert", "authority.pem", "-keyfile", "authority.key",
        "-in", "\(name).csr", "-out", "\(name).pem", "-startdate", "\(start)000000Z", "-enddate", "\(end)000000Z")
      return Identity(certificate: path("\(name).pem"), key: path("\(name).key"))
    }
    authority = try selfSigned("authority", "basicConstraints=critical,CA:TRUE").certificate
    let here = "DNS:localhost,IP:127.0.0.1,IP:::1"
    self.selfSigned = try selfSigned("self-signed", "subjectAltName=\(here)")
    good = try signed("good", for: here)
    expired = try signed("expired", for: here, to: "20200102")
    notYetValid = try signed("not-yet-valid", for: here, from: "20990101")
    elsewhere = try signed("elsewhere", for: "DNS:elsewhere.example")
    client = try signed("client", for: "DNS:client.example")
  }
}

/// The `openssl` command failed, or is missing.
package struct CertificateFault: Error {
  package var command: [String]
}
