package lexicon

import (
	"strings"
	"testing"
)

func TestSets(t *testing.T) {
	for name, c := range map[string]struct {
		set    *Set
		has    string
		hasNot string
	}{
		"titles": {PersonalTitles(), "mr.", "smith"},
		"sport":  {SportWords(), "wickets", "parliament"},
	} {
		if c.set.Len() < 50 || !c.set.Has(c.has) || c.set.Has(c.hasNot) || c.set.Has("") {
			t.Errorf("%s: %d words; %q %v, %q %v", name, c.set.Len(), c.has, c.set.Has(c.has), c.hasNot, c.set.Has(c.hasNot))
		}
	}
	if s := FormerStates(); len(s) < 10 || s[0] != "Soviet Union" {
		t.Errorf("former states: %q", s)
	}
}

// TestFiles: no word stands twice, and each file says what it is.
func TestFiles(t *testing.T) {
	for name, file := range map[string]string{"titles": personalTitles, "sport": sportWords, "states": formerStates} {
		if !strings.HasPrefix(file, "# ") {
			t.Errorf("%s: the file does not say what it is", name)
		}
		lines := 0
		for line := range strings.Lines(file) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				lines++
			}
		}
		if n := parse(file).Len(); n != lines {
			t.Errorf("%s: %d lines, %d different", name, lines, n)
		}
	}
}
