package extractor

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strings"
)

// sources is the hash of the rules and word lists that decide the output. The package's tests
// compute it from the source files, so that it can't be forgotten: `go test ./extractor -update`
// rewrites it.
//
//go:embed version.txt
var sources string

// version identifies rules, word lists and recogniser: twelve hexadecimal digits.
func version(finder string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(sources) + "\x00" + finder))
	return hex.EncodeToString(sum[:6])
}
