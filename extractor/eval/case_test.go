package eval_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/eval"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/testdata"
)

// caseRow is a line of gold/case.jsonl.
type caseRow struct {
	ID       string         `json:"id"`
	Variant  string         `json:"variant"`
	Text     string         `json:"text"`
	Mentions []eval.Mention `json:"mentions"`
}

// line is the row as the file spells it.
func (r caseRow) line() ([]byte, error) {
	type mention struct { // less the fields that this file never has
		Start int      `json:"start"`
		End   int      `json:"end"`
		Type  ner.Type `json:"type"`
	}
	out := struct {
		ID       string    `json:"id"`
		Variant  string    `json:"variant"`
		Text     string    `json:"text"`
		Mentions []mention `json:"mentions"`
	}{r.ID, r.Variant, r.Text, []mention{}}
	for _, m := range r.Mentions {
		out.Mentions = append(out.Mentions, mention{m.Start, m.End, m.Type})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(out)
	return b.Bytes(), err
}

// TestCase holds that the headlines in Title Case and ALL CAPS and the text in lower case are the
// sentences in normal case, with the same names at the same places. To add one, write its row in
// normal case and run `go test ./extractor/eval -update`.
func TestCase(t *testing.T) {
	file, err := testdata.Gold.ReadFile("gold/case.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var normal []caseRow
	names := 0
	for line := range bytes.Lines(file) {
		var r caseRow
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.Variant == "normal" {
			normal = append(normal, r)
			names += len(r.Mentions)
		}
	}
	if len(normal) < 150 || names < 300 {
		t.Errorf("%d sentences with %d names, want 150 with 300", len(normal), names)
	}
	var b bytes.Buffer
	for _, v := range []struct {
		name string
		of   func(caseRow) string
	}{
		{"normal", func(r caseRow) string { return r.Text }},
		{"title", func(r caseRow) string { return headline(r, titleCase(r)) }},
		{"caps", func(r caseRow) string { return headline(r, strings.ToUpper(r.Text)) }},
		{"lower", func(r caseRow) string { return strings.ToLower(r.Text) }},
	} {
		for _, r := range normal {
			id, ok := strings.CutSuffix(r.ID, "-normal")
			if !ok {
				t.Fatalf("%s does not end in -normal", r.ID)
			}
			made := caseRow{id + "-" + v.name, v.name, v.of(r), r.Mentions}
			if n := utf8.RuneCountInString(r.Text) - utf8.RuneCountInString(made.Text); n < 0 || n > 1 {
				t.Errorf("%s: a letter changes its length with its case: %s", r.ID, made.Text)
			}
			line, err := made.line()
			if err != nil {
				t.Fatal(err)
			}
			b.Write(line)
		}
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile("../../testdata/gold/case.jsonl", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(file, b.Bytes()) {
		t.Error("the variants do not follow from the sentences in normal case: run `go test ./extractor/eval -update`")
	}
}

// headline drops the full stop that ends a sentence, but not one that ends a name.
func headline(r caseRow, text string) string {
	if n := len(r.Mentions); n > 0 && r.Mentions[n-1].End == utf8.RuneCountInString(text) {
		return text
	}
	return strings.TrimSuffix(text, ".")
}

// titleCase capitalises the words of a sentence as headlines do; names stay as they are.
func titleCase(r caseRow) string {
	small := map[string]bool{}
	for _, w := range strings.Fields("a an the of in on to for and but or at by as with from near off after") {
		small[w] = true
	}
	src := []rune(r.Text)
	inName := func(i int) bool {
		for _, m := range r.Mentions {
			if m.Start <= i && i < m.End {
				return true
			}
		}
		return false
	}
	for i := 0; i < len(src); {
		if !unicode.IsLetter(src[i]) {
			i++
			continue
		}
		start := i
		for i < len(src) && (unicode.IsLetter(src[i]) || (src[i] == '\'' || src[i] == '’') && i+1 < len(src) && unicode.IsLetter(src[i+1])) {
			i++
		}
		if !inName(start) && (start == 0 || !small[strings.ToLower(string(src[start:i]))]) {
			src[start] = unicode.ToUpper(src[start])
		}
	}
	return string(src)
}
