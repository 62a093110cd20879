package eval

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
)

// columnTypes are the types as column files spell them, once mapped.
var columnTypes = map[string]ner.Type{"PER": ner.Person, "ORG": ner.Organisation, "LOC": ner.Place}

// readMapping reads the "map" of a MAPPING.json: a set's own labels to PER, ORG and LOC. A set
// without the file needs none.
func readMapping(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m struct {
		Map map[string]string `json:"map"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m.Map, nil
}

// columnToken is one line of a column file.
type columnToken struct{ text, tag string }

// ReadColumns reads lines of token, tab and BIO tag; blank lines end sentences and -DOCSTART-
// lines articles. A file of one long document is cut after every ten sentences. The text is put
// together from the tokens as print would have it, a paragraph for each sentence. Labels are
// mapped to PER, ORG and LOC; others are dropped.
func ReadColumns(r io.Reader, name string, mapping map[string]string) ([]Article, error) {
	docs, err := columnDocs(r)
	if err != nil {
		return nil, err
	}
	if len(docs) == 1 && len(docs[0]) > 60 { // no document marks
		docs = slices.Collect(slices.Chunk(docs[0], 10))
		// Chunks are numbered by their first sentence.
		out := columnArticles(docs, mapping)
		for i := range out {
			out[i].ID = fmt.Sprintf("%s-%04d", name, 10*i)
		}
		return out, nil
	}
	out := columnArticles(docs, mapping)
	for i := range out {
		out[i].ID = fmt.Sprintf("%s-%04d", name, i)
	}
	return out, nil
}

func columnDocs(r io.Reader) ([][][]columnToken, error) {
	var docs [][][]columnToken
	var doc [][]columnToken
	var sentence []columnToken
	endSentence := func() {
		if len(sentence) > 0 {
			doc = append(doc, sentence)
		}
		sentence = nil
	}
	endDoc := func() {
		endSentence()
		if len(doc) > 0 {
			docs = append(docs, doc)
		}
		doc = nil
	}
	br := bufio.NewReader(r)
	for {
		s, err := br.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		fields := strings.Split(strings.TrimRight(s, "\r\n"), "\t")
		switch {
		case strings.HasPrefix(fields[0], "-DOCSTART-"):
			endDoc()
		case len(fields) < 2 || fields[0] == "":
			endSentence()
		default:
			sentence = append(sentence, columnToken{fields[0], fields[1]})
		}
		if err != nil {
			endDoc()
			return docs, nil
		}
	}
}

func columnArticles(docs [][][]columnToken, mapping map[string]string) []Article {
	hyphens := splitsHyphens(docs)
	out := make([]Article, len(docs))
	for i, doc := range docs {
		a := Article{Mentions: []Mention{}}
		var text strings.Builder
		length := 0 // of text, in code points
		for j, sentence := range doc {
			if j > 0 {
				text.WriteString("\n\n")
				length += 2
			}
			body, starts := detokenise(sentence, hyphens)
			for _, m := range columnMentions(sentence, starts, mapping) {
				m.Start += length
				m.End += length
				a.Mentions = append(a.Mentions, m)
			}
			text.WriteString(body)
			length += utf8.RuneCountInString(body)
		}
		a.Text = text.String()
		out[i] = a
	}
	return out
}

func columnMentions(sentence []columnToken, starts []int, mapping map[string]string) []Mention {
	var out []Mention
	for i := 0; i < len(sentence); {
		tag := sentence[i].tag
		if tag == "O" {
			i++
			continue
		}
		label := tag[min(2, len(tag)):]
		j := i + 1
		for j < len(sentence) && sentence[j].tag == "I-"+label {
			j++
		}
		if to, ok := mapping[label]; ok {
			label = to
		}
		if t, ok := columnTypes[label]; ok {
			end := starts[j-1] + utf8.RuneCountInString(sentence[j-1].text)
			out = append(out, Mention{Span: Span{starts[i], end}, Type: t})
		}
		i = j
	}
	return out
}

// glued before: tokens that follow without a space. glued after: tokens that the next one follows
// without a space.
var (
	gluedBefore = []string{
		".", ",", ";", ":", "!", "?", ")", "]", "}", "%", "'s", "’s", "'", "’", "''", "”", "n't", "n’t",
		"'re", "'ve", "'ll", "'d", "'m", "’re", "’ve", "’ll", "’d", "’m", "...",
	}
	gluedAfter = []string{"(", "[", "{", "$", "£", "€", "#", "``", "“", "‘"}
	months     = []string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December",
	}
)

// detokenise joins tokens as print would, and gives each one's start in code points. With hyphens,
// a lone hyphen or slash between words joins them: for sets that split "Akufo-Addo".
func detokenise(tokens []columnToken, hyphens bool) (string, []int) {
	var text strings.Builder
	length := 0
	starts := make([]int, len(tokens))
	glue, inQuote := true, false
	for i, t := range tokens {
		opening, closing := false, false
		if t.text == `"` {
			opening, closing = !inQuote, inQuote
			inQuote = !inQuote
		}
		join := hyphens && joins(tokens, i)
		if length > 0 && !glue && !slices.Contains(gluedBefore, t.text) && !closing && !join {
			text.WriteByte(' ')
			length++
		}
		starts[i] = length
		text.WriteString(t.text)
		length += utf8.RuneCountInString(t.text)
		glue = slices.Contains(gluedAfter, t.text) || opening || join
	}
	return text.String(), starts
}

// joins reports whether token i is a hyphen or slash between the parts of a word.
func joins(tokens []columnToken, i int) bool {
	if t := tokens[i].text; t != "-" && t != "/" || i == 0 || i == len(tokens)-1 {
		return false
	}
	before, after := tokens[i-1].text, tokens[i+1].text
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	return alphanumeric(last) && alphanumeric(first) && !slices.Contains(months, before)
}

// splitsHyphens reports whether a set's tokeniser made tokens of the hyphens inside words.
func splitsHyphens(docs [][][]columnToken) bool {
	alone, inside := 0, 0
	for _, doc := range docs {
		for _, sentence := range doc {
			for _, t := range sentence {
				if t.text == "-" {
					alone++
				}
				if hyphenInside(t.text) {
					inside++
				}
			}
		}
	}
	return alone > 20 && 5*inside < alone
}

func hyphenInside(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '-' {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+1:])
		if i > 0 && i+1 < len(s) && (alphanumeric(before) || before == '_') && (alphanumeric(after) || after == '_') {
			return true
		}
	}
	return false
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
