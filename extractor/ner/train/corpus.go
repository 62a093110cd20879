package train

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Name is an annotated name: its bytes in the text, without a leading article and a possessive
// ending.
type Name struct {
	text.Span
	Type ner.Type
	// Optional names count neither as found nor as missed.
	Optional bool
}

// Text is an annotated article.
type Text struct {
	ID    string
	Text  string
	Names []Name // in text order, not overlapping
}

// ReadColumns reads a file of token and BIO tag, separated by a tab, a token a line, and puts the
// text together as print would have it: sentences are paragraphs, and what a tokeniser cut apart
// stands together again. MAPPING.json beside the file gives the types of names.
func ReadColumns(path string) ([]Text, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read corpus: %w", err)
	}
	var mapping struct {
		Map map[string]*string `json:"map"`
	}
	if m, err := os.ReadFile(filepath.Join(filepath.Dir(path), "MAPPING.json")); err == nil {
		if err := json.Unmarshal(m, &mapping); err != nil {
			return nil, fmt.Errorf("read mapping of %s: %w", path, err)
		}
	}
	typeOf := func(tag string) ner.Type {
		if len(mapping.Map) > 0 {
			if to, ok := mapping.Map[tag]; ok {
				if to == nil {
					return 0
				}
				tag = *to
			}
		}
		switch tag {
		case "PER":
			return ner.Person
		case "ORG":
			return ner.Organisation
		case "LOC":
			return ner.Place
		}
		return 0
	}
	docs := columns(b)
	if len(docs) == 1 && len(docs[0]) > 60 { // no marks of documents: ten sentences each
		docs = slices.Collect(slices.Chunk(docs[0], 10))
	}
	split := splitsHyphens(docs)
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	var out []Text
	for n, sents := range docs {
		t := Text{ID: fmt.Sprintf("%s-%04d", base, n)}
		var src strings.Builder
		for _, s := range sents {
			if src.Len() > 0 {
				src.WriteString("\n\n")
			}
			at := src.Len()
			body, starts := join(s, split)
			src.WriteString(body)
			for i := 0; i < len(s); {
				tag := s[i][1]
				if tag == "O" {
					i++
					continue
				}
				j := i + 1
				for j < len(s) && s[j][1] == "I-"+tag[2:] {
					j++
				}
				if typ := typeOf(tag[2:]); typ != 0 {
					t.Names = append(t.Names, Name{Span: text.Span{Start: at + starts[i], End: at + starts[j-1] + len(s[j-1][0])}, Type: typ})
				}
				i = j
			}
		}
		t.Text = src.String()
		trimNames(&t)
		out = append(out, t)
	}
	return out, nil
}

// columns cuts a file into documents of sentences of pairs of token and tag.
func columns(b []byte) [][][][2]string {
	var docs [][][][2]string
	var doc [][][2]string
	var sent [][2]string
	endSentence := func() {
		if len(sent) > 0 {
			doc = append(doc, sent)
		}
		sent = nil
	}
	endDoc := func() {
		endSentence()
		if len(doc) > 0 {
			docs = append(docs, doc)
		}
		doc = nil
	}
	for line := range strings.Lines(string(b)) {
		p := strings.Split(strings.TrimRight(line, "\n"), "\t")
		switch {
		case strings.HasPrefix(p[0], "-DOCSTART-"):
			endDoc()
		case len(p) < 2 || p[0] == "":
			endSentence()
		default:
			sent = append(sent, [2]string{p[0], p[1]})
		}
	}
	endDoc()
	return docs
}

func set(words ...string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

var (
	closing = set(".", ",", ":", ";", "!", "?", ")", "]", "}", "%", "'s", "’s", "'", "’", "''", "”", "n't", "n’t", "'re", "'ve", "'ll", "'d", "'m",
		"’re", "’ve", "’ll", "’d", "’m", "...")
	opening = set("(", "[", "{", "$", "£", "€", "#", "``", "“", "‘")
	months  = set("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
	hyphen  = regexp.MustCompile(`[\pL\pN_]-[\pL\pN_]`)
)

// join puts tokens together as print would, and gives the byte at which each starts. With
// hyphens, a lone hyphen or slash between words joins them.
func join(sent [][2]string, hyphens bool) (string, []int) {
	var b strings.Builder
	starts := make([]int, 0, len(sent))
	glue, quoted := true, false
	for i, p := range sent {
		t := p[0]
		open, shut := false, false
		if t == `"` {
			open, quoted, shut = !quoted, !quoted, quoted
		}
		joins := false
		if hyphens && (t == "-" || t == "/") && 0 < i && i < len(sent)-1 {
			last, _ := utf8.DecodeLastRuneInString(sent[i-1][0])
			next, _ := utf8.DecodeRuneInString(sent[i+1][0])
			joins = alphanumeric(last) && alphanumeric(next) && !months[sent[i-1][0]]
		}
		if b.Len() > 0 && !glue && !closing[t] && !shut && !joins {
			b.WriteByte(' ')
		}
		starts = append(starts, b.Len())
		b.WriteString(t)
		glue = opening[t] || open || joins
	}
	return b.String(), starts
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// splitsHyphens reports whether a set's tokeniser made tokens of the hyphens inside words.
func splitsHyphens(docs [][][][2]string) bool {
	alone, inside := 0, 0
	for _, d := range docs {
		for _, s := range d {
			for _, p := range s {
				if p[0] == "-" {
					alone++
				}
				if hyphen.MatchString(p[0]) {
					inside++
				}
			}
		}
	}
	return alone > 20 && inside*5 < alone
}

// ReadArticles reads the annotated articles (JSON, offsets in code points) of a folder, in the
// order of their names.
func ReadArticles(dir string) ([]Text, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("read articles: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("read articles: none in %s", dir)
	}
	var out []Text
	for _, p := range paths {
		t, err := ReadArticle(p)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// ReadArticle reads one annotated article; its text may lie in a file of its own, which "article"
// names from the parent folder's view.
func ReadArticle(path string) (Text, error) {
	t, err := readArticle(path)
	if err != nil {
		return Text{}, fmt.Errorf("read article %s: %w", path, err)
	}
	return t, nil
}

func readArticle(path string) (Text, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Text{}, err
	}
	var d struct {
		ID, Text, Article string
		Entities          []struct {
			Type     string
			Optional bool
			Mentions []struct{ Start, End int }
		}
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return Text{}, err
	}
	if d.Text == "" {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(path), "..", d.Article))
		if err != nil {
			return Text{}, err
		}
		d.Text = string(b)
	}
	at := make([]int, 0, len(d.Text)+1)
	for i := range d.Text {
		at = append(at, i)
	}
	at = append(at, len(d.Text))
	t := Text{ID: strings.TrimSuffix(filepath.Base(path), ".json"), Text: d.Text}
	types := map[string]ner.Type{"PER": ner.Person, "ORG": ner.Organisation, "LOC": ner.Place}
	for _, e := range d.Entities {
		for _, m := range e.Mentions {
			t.Names = append(t.Names, Name{text.Span{Start: at[m.Start], End: at[m.End]}, types[e.Type], e.Optional})
		}
	}
	slices.SortStableFunc(t.Names, func(a, b Name) int { return a.Start - b.Start })
	trimNames(&t)
	return t, nil
}

var (
	article    = regexp.MustCompile(`^(?i:the|an|a)\s+`)
	possessive = regexp.MustCompile(`\s?['’]s$`)
)

// trimNames cuts leading articles and possessive endings off, as the scores do.
func trimNames(t *Text) {
	for i := range t.Names {
		n := &t.Names[i]
		n.Span = trimSpan(t.Text, n.Span)
	}
}

func trimSpan(src string, s text.Span) text.Span {
	for s.Start < s.End && isSpace(src[s.Start]) {
		s.Start++
	}
	for s.End > s.Start && isSpace(src[s.End-1]) {
		s.End--
	}
	if m := article.FindString(s.In(src)); m != "" {
		s.Start += len(m)
	}
	if m := possessive.FindStringIndex(s.In(src)); m != nil && m[0] > 0 {
		s.End = s.Start + m[0]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// readLines reads a word list: the columns of each line that is no comment.
func readLines(path string, each func(columns []string)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		line := strings.TrimPrefix(s.Text(), "\ufeff")
		if line == "" || line[0] == '#' {
			continue
		}
		each(strings.Split(line, "\t"))
	}
	return s.Err()
}
