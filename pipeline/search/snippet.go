package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/go-porterstemmer"
	"golang.org/x/text/unicode/norm"
)

const (
	snippetBytes = 220 // aimed at
	sentenceMost = 400 // bytes of a sentence to either side of a name
)

// Snippets are at most most stretches of the text in which the clauses' words occur, in text
// order, the words between MarkStart and MarkEnd. Words match as the indices match them: by Porter's
// stem ("An algorithm for suffix stripping", 1980), without case and accents. A cut is shown by "…".
func Snippets(text string, clauses []Clause, most int) []string {
	wanted := phrases(clauses)
	if len(wanted) == 0 || most <= 0 {
		return nil
	}
	words := split(text)
	marked := make([]bool, len(words))
	found := false
	for _, p := range wanted {
		for i := 0; i+len(p) <= len(words); i++ {
			if !matches(words[i:], p) {
				continue
			}
			found = true
			for k := range p {
				marked[i+k] = true
			}
		}
	}
	if !found {
		return nil
	}
	var out []string
	for i := 0; i < len(words) && len(out) < most; i++ {
		if !marked[i] {
			continue
		}
		from, to := window(text, words, i)
		out = append(out, render(text, words, marked, from, to))
		for i+1 < len(words) && words[i+1].end <= to {
			i++
		}
	}
	return out
}

type word struct {
	start, end int
	stem       string
}

// phrases are the stems of the clauses that must occur.
func phrases(clauses []Clause) [][]string {
	var out [][]string
	for _, c := range clauses {
		if c.Not {
			continue
		}
		var p []string
		for _, w := range split(c.Phrase) {
			p = append(p, w.stem)
		}
		if len(p) > 0 {
			out = append(out, p)
		}
	}
	return out
}

func matches(words []word, phrase []string) bool {
	for i, s := range phrase {
		if words[i].stem != s {
			return false
		}
	}
	return true
}

// split finds words: letters, digits and marks, and points and apostrophes inside them.
func split(s string) []word {
	var out []word
	start := -1
	for i, r := range s {
		if isWordRune(r) || unicode.IsMark(r) && start >= 0 {
			if start < 0 {
				start = i
			}
			continue
		}
		if start < 0 || joins(r) && nextIsWord(s[i+utf8.RuneLen(r):]) {
			continue
		}
		out = append(out, word{start, i, stem(s[start:i])})
		start = -1
	}
	if start >= 0 {
		out = append(out, word{start, len(s), stem(s[start:])})
	}
	return out
}

func joins(r rune) bool { return r == '\'' || r == '’' || r == '.' || r == '_' }

func nextIsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return isWordRune(r)
}

// stem folds case and accents, drops a possessive ending, and stems.
func stem(w string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ReplaceAll(w, "’", "'")) {
		if !unicode.IsMark(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return porterstemmer.StemString(strings.TrimSuffix(b.String(), "'s"))
}

// window is a stretch around the word, within its paragraph and on word boundaries.
func window(text string, words []word, i int) (from, to int) {
	from, to = words[i].start, words[i].end
	for k := i - 1; k >= 0 && words[i].start-words[k].start < snippetBytes/3 && !strings.Contains(text[words[k].end:from], "\n"); k-- {
		from = words[k].start
	}
	for k := i + 1; k < len(words) && words[k].end-from < snippetBytes && !strings.Contains(text[to:words[k].start], "\n"); k++ {
		to = words[k].end
	}
	return from, to
}

// render writes the stretch with its marks.
func render(text string, words []word, marked []bool, from, to int) string {
	clean := strings.NewReplacer(MarkStart, "", MarkEnd, "", "\n", " ", "\r", " ", "\t", " ")
	var b strings.Builder
	if from > 0 && text[from-1] != '\n' {
		b.WriteString("…")
	}
	at, open := from, false
	for i, w := range words {
		if w.start < from || w.end > to {
			continue
		}
		if open && !marked[i] {
			b.WriteString(MarkEnd)
			open = false
		}
		_, _ = clean.WriteString(&b, text[at:w.start])
		if !open && marked[i] {
			b.WriteString(MarkStart)
			open = true
		}
		_, _ = clean.WriteString(&b, text[w.start:w.end])
		at = w.end
	}
	if open {
		b.WriteString(MarkEnd)
	}
	// The sentence's own end belongs to it.
	for at < len(text) && strings.ContainsRune(".!?", rune(text[at])) {
		b.WriteByte(text[at])
		at++
	}
	if at < len(text) && text[at] != '\n' {
		b.WriteString("…")
	}
	return b.String()
}

// sentence is the sentence around a span, as punctuation and paragraphs delimit it; long ones are
// cut. It is for reading beside a name; a wrong boundary costs no more than a
// sentence too many.
func sentence(text string, start, end int) string {
	if start < 0 || end > len(text) || start >= end {
		return ""
	}
	from := max(0, start-sentenceMost)
	for !utf8.RuneStart(text[from]) {
		from++
	}
	before := text[from:start]
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		before = before[i+1:]
	}
	for i := len(before) - 1; i > 0; i-- {
		if before[i] == ' ' && endsSentence(before[:i]) {
			before = before[i+1:]
			break
		}
	}
	to := min(len(text), end+sentenceMost)
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to--
	}
	after := text[end:to]
	if i := strings.IndexByte(after, '\n'); i >= 0 {
		after = after[:i]
	}
	for i := range len(after) {
		if after[i] == ' ' && endsSentence(text[start:end+i]) {
			after = after[:i]
			break
		}
	}
	return strings.TrimSpace(before + text[start:end] + after)
}

// endsSentence reports whether s ends as a sentence does, and not with an abbreviation: the word
// before the point is a number or long enough, where a capital ("Mr", "Gen", "Sept") asks for more.
func endsSentence(s string) bool {
	s = strings.TrimRight(s, "\"'”’)")
	switch {
	case strings.HasSuffix(s, "!"), strings.HasSuffix(s, "?"):
		return true
	case !strings.HasSuffix(s, "."):
		return false
	}
	s = strings.TrimSuffix(s, ".")
	last := []rune(s[len(strings.TrimRightFunc(s, isWordRune)):])
	switch {
	case len(last) == 0:
		return false
	case unicode.IsLower(last[0]):
		return len(last) > 2
	}
	return len(last) > 4 || unicode.IsDigit(last[0])
}

// Around is the rest of the sentence around a span, before and after it; see Mention.Sentences.
func Around(text string, start, end int) (before, after string) {
	s := sentence(text, start, end)
	if s == "" {
		return "", ""
	}
	// The sentence begins at most sentenceMost bytes before the span.
	for from := max(0, start-sentenceMost-utf8.UTFMax); from <= start; from++ {
		if strings.HasPrefix(text[from:], s) && from+len(s) >= end {
			return text[from:start], text[end : from+len(s)]
		}
	}
	return "", ""
}
