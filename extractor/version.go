package extractor

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strings"

	"github.com/datelinenews/dateline/extractor/timex"
)

// sources is the hash of the rules and word lists that decide the output. The package's tests
// compute it from the source files, so that it can't be forgotten: `go test ./extractor -update`
// rewrites it.
//
//go:embed version.txt
var sources string

// version identifies rules, word lists, recogniser and the order of days and months: twelve
// hexadecimal digits.
func version(finder string, order timex.DateOrder) string {
	made := strings.TrimSpace(sources) + "\x00" + finder
	if order == timex.DayFirst {
		made += "\x00day-first"
	}
	sum := sha256.Sum256([]byte(made))
	return hex.EncodeToString(sum[:6])
}
