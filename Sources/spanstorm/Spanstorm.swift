@main struct Spanstorm { static func main() {} }
