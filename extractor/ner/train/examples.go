package train

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// Mapped tells how many of a corpus's names fall on the tokens of one sentence.
type Mapped struct {
	Names, OffTokens, AcrossSentences int
}

// tagsOf gives each token of the document its tag.
func tagsOf(t *Text, doc *text.Doc, m *Mapped) []uint8 {
	tags := make([]uint8, len(doc.Tokens))
	for _, n := range t.Names {
		first, end := doc.TokensIn(n.Span)
		if first == end {
			continue
		}
		m.Names++
		if doc.Tokens[first].Start != n.Start || doc.Tokens[end-1].End != n.End {
			m.OffTokens++
		}
		if doc.Tokens[first].Sentence != doc.Tokens[end-1].Sentence {
			m.AcrossSentences++
		}
		typ := int(n.Type) - 1
		for i := first; i < end; i++ {
			opens := i == first || doc.Tokens[i].Sentence != doc.Tokens[i-1].Sentence
			shuts := i == end-1 || doc.Tokens[i].Sentence != doc.Tokens[i+1].Sentence
			switch {
			case opens && shuts:
				tags[i] = uint8(linear.Single(typ))
			case opens:
				tags[i] = uint8(linear.Begin(typ))
			case shuts:
				tags[i] = uint8(linear.End(typ))
			default:
				tags[i] = uint8(linear.Inside(typ))
			}
		}
	}
	return tags
}

// recase gives a copy of the text with its capitals changed, byte for byte the same length, in
// each paragraph for which choose names a mode other than Normal.
func recase(t *Text, choose func(paragraph int) feature.Mode) Text {
	b := []byte(t.Text)
	out := *t
	for i, start := 0, 0; start < len(b); i++ {
		end := len(b)
		if at := strings.Index(t.Text[start:], "\n\n"); at >= 0 {
			end = start + at + 2
		}
		recaseBytes(b[start:end], choose(i))
		start = end
	}
	out.Text = string(b)
	return out
}

// minor are the words that headlines leave in lower case.
var minor = set("a", "an", "the", "of", "in", "on", "at", "to", "for", "and", "or", "but", "by", "as", "with", "from", "s", "t")

func recaseBytes(b []byte, mode feature.Mode) {
	if mode == feature.Normal {
		return
	}
	fresh := true // a word starts here
	for i := 0; i < len(b); {
		r, w := utf8.DecodeRune(b[i:])
		to := r
		switch mode {
		case feature.AllCaps:
			to = unicode.ToUpper(r)
		case feature.LowerCase:
			to = unicode.ToLower(r)
		case feature.TitleCase:
			if fresh && unicode.IsLower(r) && !minor[wordAt(b[i:])] {
				to = unicode.ToUpper(r)
			}
		}
		if to != r && utf8.RuneLen(to) == w {
			utf8.EncodeRune(b[i:], to)
		}
		fresh = !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’'
		i += w
	}
}

func wordAt(b []byte) string {
	n := 0
	for n < len(b) && 'a' <= b[n]|0x20 && b[n]|0x20 <= 'z' {
		n++
	}
	return string(b[:n])
}

// a corpus is annotated text with its standing in training.
type corpus struct {
	name   string
	texts  []Text
	weight float32
	// apart is not 0 where the corpus has weights of its own beside those that all share: its
	// makers count as names what news of our kind does not.
	apart uint64
	// recased is the share of articles that are also learnt from with their capitals changed.
	recased float64
}

// collector makes features into training examples.
type collector struct {
	tables *feature.Tables
	parser *text.Parser
	keys   []uint64
	counts []uint32
	used   int
}

func newCollector(tables *feature.Tables, parser *text.Parser) *collector {
	const size = 1 << 22
	return &collector{tables: tables, parser: parser, keys: make([]uint64, size), counts: make([]uint32, size)}
}

// slot finds the feature's place in the table.
func (c *collector) slot(key uint64) int {
	mask := uint64(len(c.keys) - 1)
	i := key * 0x9E3779B97F4A7C15 >> 20 & mask
	for c.keys[i] != 0 && c.keys[i] != key {
		i = (i + 1) & mask
	}
	return int(i)
}

func (c *collector) count(key uint64, mark uint32) {
	i := c.slot(key)
	if c.keys[i] == 0 {
		if c.used*3 > len(c.keys)*2 {
			c.grow()
			i = c.slot(key)
		}
		c.keys[i] = key
		c.used++
	}
	c.counts[i] = (c.counts[i] + 1) | mark
}

func (c *collector) grow() {
	keys, counts := c.keys, c.counts
	c.keys, c.counts = make([]uint64, 2*len(keys)), make([]uint32, 2*len(keys))
	for i, k := range keys {
		if k != 0 {
			j := c.slot(k)
			c.keys[j], c.counts[j] = k, counts[i]
		}
	}
}

// variant is an article as it is learnt from: perhaps with capitals changed, and then only in some
// paragraphs.
type variant struct {
	text   Text
	corpus *corpus
	mode   feature.Mode // to which capitals are changed, Normal where they are not
	only   map[int]bool // paragraphs, nil for all
}

// variants lists what is learnt from a corpus.
func variants(c *corpus, rng *rand.Rand) []variant {
	var out []variant
	for i := range c.texts {
		t := &c.texts[i]
		out = append(out, variant{text: *t, corpus: c})
		if rng.Float64() >= c.recased {
			continue
		}
		// Either all paragraphs in one way, or some as headlines among normal ones.
		mode := feature.Mode(1 + rng.IntN(3))
		whole := rng.IntN(2) == 0 || mode == feature.LowerCase
		only := map[int]bool{}
		changed := recase(t, func(p int) feature.Mode {
			if whole || rng.IntN(3) == 0 {
				only[p] = true
				return mode
			}
			return feature.Normal
		})
		if whole {
			only = nil
		}
		out = append(out, variant{text: changed, corpus: c, mode: mode, only: only})
	}
	return out
}

// each calls use with the features of every token that is learnt from; first says that a sentence
// starts.
func (c *collector) each(vs []variant, m map[string]*Mapped, use func(v *variant, features []uint64, tag uint8, first bool)) {
	d := feature.NewDoc(c.tables)
	var buf []uint64
	for i := range vs {
		v := &vs[i]
		doc := c.parser.Parse(v.text.Text, 0)
		if m[v.corpus.name] == nil {
			m[v.corpus.name] = &Mapped{}
		}
		tags := tagsOf(&v.text, doc, m[v.corpus.name])
		d.Analyse(doc)
		for s := range doc.Sentences {
			sent := &doc.Sentences[s]
			if v.only != nil && !v.only[sent.Paragraph] {
				continue
			}
			for i := sent.FirstToken; i < sent.EndToken; i++ {
				buf = buf[:0]
				for o := -feature.Reach; o <= feature.Reach; o++ {
					buf = d.AppendWord(buf, d.Neighbour(sent, i, o), o)
				}
				buf = d.AppendToken(buf, s, i)
				use(v, buf, tags[i], i == sent.FirstToken)
			}
		}
	}
}

// own is the copy of a feature that a corpus has for itself.
func own(feature, corpus uint64) uint64 {
	return feature*0x9E3779B97F4A7C15 ^ corpus*0xBF58476D1CE4E5B9
}

// apart marks the count of a feature that is a corpus's own.
const apart = 1 << 31

// examples makes the examples; features seen fewer than least times are left out. keys[id] is the
// hash of feature id, counts[id] how often it is seen.
func (c *collector) examples(vs []variant, least uint32, m map[string]*Mapped) (ex []sentence, keys []uint64, counts []uint32) {
	// The hashes are kept from the first pass to the second: some 1 GB for all corpora.
	var hashed [][]uint64
	c.each(vs, m, func(v *variant, features []uint64, tag uint8, first bool) {
		kept := slices.Clone(features)
		if v.corpus.apart != 0 {
			for _, f := range features {
				kept = append(kept, own(f, v.corpus.apart))
			}
		}
		for i, f := range kept {
			var mark uint32
			if i >= len(features) {
				mark = apart
			}
			c.count(f, mark)
		}
		hashed = append(hashed, kept)
		if first {
			ex = append(ex, sentence{weight: v.corpus.weight})
		}
		e := &ex[len(ex)-1]
		e.tags = append(e.tags, tag)
	})
	// Frequent features come first, so that their weights share the processor's cache.
	var slots []int
	ids := make([]int32, len(c.keys))
	for i, k := range c.keys {
		ids[i] = -1
		if k != 0 && c.counts[i]&^apart >= least {
			slots = append(slots, i)
		}
	}
	slices.SortFunc(slots, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.counts[b]&^apart, c.counts[a]&^apart), cmp.Compare(c.keys[a], c.keys[b]))
	})
	for id, i := range slots {
		ids[i] = int32(id)
		keys, counts = append(keys, c.keys[i]), append(counts, c.counts[i])
	}
	at := 0
	for n := range ex {
		e := &ex[n]
		for range e.tags {
			for _, f := range hashed[at] {
				if id := ids[c.slot(f)]; id >= 0 {
					e.ids = append(e.ids, id)
				}
			}
			hashed[at] = nil
			at++
			e.ends = append(e.ends, int32(len(e.ids)))
		}
		e.ids = slices.Clip(e.ids)
	}
	return ex, keys, counts
}
