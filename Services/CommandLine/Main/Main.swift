import CommandLineTools

/// The command line of operators, auditors, subscribers and patients.
@main
struct Main {
    static func main() async { await ConsentryProgram.start() }
}
