import IdentityAdapters

@main
struct Main {
    static func main() async { await IdentityService.main() }
}
