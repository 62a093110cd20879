package ner

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/text"
)

// marked is a sentence with its names marked, as in testdata/cases.txt.
var marked = regexp.MustCompile(`\[([POL]) ([^\]]+)\]`)

type named struct {
	text  string
	names map[Mention]bool // span and type only
}

func readCases(t *testing.T) []named {
	t.Helper()
	b, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]Type{"P": Person, "O": Organisation, "L": Place}
	var out []named
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		n := named{names: map[Mention]bool{}}
		at := 0
		for _, m := range marked.FindAllStringSubmatchIndex(line, -1) {
			n.text += line[at:m[0]]
			surface := line[m[4]:m[5]]
			n.names[Mention{Span: text.Span{Start: len(n.text), End: len(n.text) + len(surface)}, Type: types[line[m[2]:m[3]]]}] = true
			n.text += surface
			at = m[1]
		}
		n.text += line[at:]
		out = append(out, n)
	}
	if len(out) < 40 {
		t.Fatalf("only %d cases", len(out))
	}
	return out
}

// headline writes a sentence as headlines are written: all but small words with a capital.
func headline(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		switch w {
		case "a", "an", "the", "of", "in", "on", "at", "to", "for", "and", "by", "with", "from", "as":
			if i > 0 {
				continue
			}
		}
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// TestCapitals: names are found in headlines and in text without capitals nearly as well as in
// sentences as they should be; at most 15 points are lost.
func TestCapitals(t *testing.T) {
	cases := readCases(t)
	p := parser(t)
	for _, m := range models(t) {
		f1 := func(change func(string) string) float64 {
			right, found, gold := 0, 0, 0
			for _, c := range cases {
				gold += len(c.names)
				for _, x := range m.Find(p.Parse(change(c.text), 0)) {
					found++
					if c.names[Mention{Span: x.Span, Type: x.Type}] {
						right++
					}
				}
			}
			return 200 * float64(right) / float64(found+gold)
		}
		normal := f1(strings.Clone)
		t.Logf("model %s: as written %.1f, Title Case %.1f, ALL CAPS %.1f, lower case %.1f", m.Name(), normal, f1(headline), f1(strings.ToUpper), f1(strings.ToLower))
		if normal < 85 {
			t.Errorf("model %s: F1 %.1f, want 85", m.Name(), normal)
		}
		for name, change := range map[string]func(string) string{"Title Case": headline, "ALL CAPS": strings.ToUpper, "lower case": strings.ToLower} {
			if got := f1(change); got < normal-15 {
				t.Errorf("model %s: F1 in %s is %.1f, more than 15 points below %.1f", m.Name(), name, got, normal)
			}
		}
	}
}
