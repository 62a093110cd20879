package timex

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write SCORES.md anew (needs the corpora)")

// report holds the sections of SCORES.md that the tests of this run made.
var report = map[string]string{}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if *update && code == 0 {
		if err := writeScores(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func writeScores() error {
	var b strings.Builder
	b.WriteString(`# How well dates are read

Written by ` + "`go test ./extractor/timex -update`" + `, which needs the corpora (they are kept outside the
repository, and so are their texts). The floors are in the tests.
`)
	for _, name := range []string{"Annotated news", "TimeBank by kind", "Recognizers-Text", "Duckling", "ctparse", "dateparser", "timenorm"} {
		section, ok := report[name]
		if !ok {
			return fmt.Errorf("SCORES.md: no figures for %s: run all tests, with the corpora", name)
		}
		b.WriteString("\n## " + name + "\n" + section)
	}
	return os.WriteFile("SCORES.md", []byte(b.String()), 0o644)
}
