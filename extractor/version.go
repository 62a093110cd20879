package extractor

// version is the hash of what decides the output.
func version(finder string) string { return "dev" + finder }
