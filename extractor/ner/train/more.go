package train

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// moreNames says which words of some unannotated articles of data/news are names; the file itself
// tells its form.
//
//go:embed data/wikinews.txt
var moreNames string

// annotation is what moreNames says of an article.
type annotation struct {
	page     string
	names    map[string]ner.Type // 0: no name
	left     []string            // words whose paragraphs are left out
	byLength []string            // names, the longest first
}

func readAnnotations(src string) ([]*annotation, error) {
	kinds := map[string]ner.Type{"PER": ner.Person, "ORG": ner.Organisation, "LOC": ner.Place, "NONE": 0}
	var all []*annotation
	n := 0
	for line := range strings.Lines(src) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, ": ")
		if key == "article" && ok {
			all = append(all, &annotation{page: value, names: map[string]ner.Type{}})
			continue
		}
		kind, known := kinds[key]
		if !ok || !known && key != "LEAVE" || len(all) == 0 {
			return nil, fmt.Errorf("read annotation: line %d: want article, PER, ORG, LOC, NONE or LEAVE and a colon", n)
		}
		a := all[len(all)-1]
		for _, s := range strings.Split(value, " | ") {
			switch _, twice := a.names[s]; {
			case key == "LEAVE":
				a.left = append(a.left, s)
			case twice:
				return nil, fmt.Errorf("read annotation: line %d: %q stands there twice", n, s)
			default:
				a.names[s] = kind
				a.byLength = append(a.byLength, s)
			}
		}
	}
	for _, a := range all {
		slices.SortStableFunc(a.byLength, func(s, t string) int { return len(t) - len(s) })
	}
	return all, nil
}

// readMore gives the articles that moreNames tells of, annotated, without the paragraphs that it leaves out.
func readMore(dir string) ([]Text, error) {
	all, err := readAnnotations(moreNames)
	if err != nil {
		return nil, err
	}
	raw, err := readNews(dir)
	if err != nil {
		return nil, err
	}
	byPage := map[string]string{}
	for _, t := range raw {
		byPage[page(t.ID)] = t.Text
	}
	var out []Text
	for _, a := range all {
		src, ok := byPage[a.page]
		if !ok {
			return nil, fmt.Errorf("read annotation: no article %s in %s", a.page, filepath.Clean(dir))
		}
		out = append(out, a.apply(src))
	}
	return out, nil
}

// apply marks the names in the text of the article, word for word, the longest first.
func (a *annotation) apply(src string) Text {
	t := Text{ID: a.page}
	var b strings.Builder
	for p := range strings.SplitSeq(src, "\n") {
		p = strings.TrimSpace(p)
		if p == "" || slices.ContainsFunc(a.left, func(s string) bool { return wordIndex(p, s, 0) >= 0 }) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		start := b.Len()
		b.WriteString(p)
		taken := make([]bool, len(p))
		for _, s := range a.byLength {
			for at := wordIndex(p, s, 0); at >= 0; at = wordIndex(p, s, at+len(s)) {
				if slices.Contains(taken[at:at+len(s)], true) {
					continue
				}
				for i := at; i < at+len(s); i++ {
					taken[i] = true
				}
				if a.names[s] != 0 {
					t.Names = append(t.Names, Name{Span: text.Span{Start: start + at, End: start + at + len(s)}, Type: a.names[s]})
				}
			}
		}
	}
	t.Text = b.String()
	slices.SortFunc(t.Names, func(x, y Name) int { return x.Start - y.Start })
	trimNames(&t)
	return t
}

// wordIndex is where the words s stand in p at or after the byte from, not as part of longer words; -1 where they don't.
func wordIndex(p, s string, from int) int {
	for from <= len(p) {
		at := strings.Index(p[from:], s)
		if at < 0 {
			return -1
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(p[:at])
		after, _ := utf8.DecodeRuneInString(p[at+len(s):])
		if !wordRune(before) && !wordRune(after) {
			return at
		}
		from = at + 1
	}
	return -1
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r))
}
