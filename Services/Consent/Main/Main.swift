import ConsentAdapters

@main
struct Main {
    static func main() async { await ConsentService.main() }
}
