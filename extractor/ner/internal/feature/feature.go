// Package feature turns a parsed article into the features of the linear model: 64-bit hashes, a
// list for each token. Features of a word alone (its letters, clusters and lists) are computed
// once for each distinct word of the article and serve every token near it.
//
// The templates follow Ratinov and Roth (2009), "Design challenges and misconceptions in named
// entity recognition", with context gathered from the whole article as in Chieu and Ng (2003).
package feature

import (
	"sync"

	"github.com/datelinenews/dateline/extractor/lexicon"
	"github.com/datelinenews/dateline/extractor/text"
)

// Reach is how many tokens to each side lend a token their word features.
const Reach = 2

// Offsets is the number of places at which a token's word features are used.
const Offsets = 2*Reach + 1

// Doc is the analysis of one article. It is scratch memory: Analyse overwrites it.
type Doc struct {
	tables *Tables
	terms  map[uint64]bool // hashes of words of sport
	doc    *text.Doc
	words  []word
	base   []uint64
	// token[i] is the word of token i.
	token    []int32
	modes    []Mode
	index    []int32 // hash table of words: heads of chains, -1 where empty
	lists    []uint64
	listPart []uint8
	same     []int32 // the next token with the same lower-case form, -1
	types    []lexeme
	typeOf   []int32 // of a word
	typeIdx  []int32
	runs     []run // run[i] is the capitalised sequence of token i
	sport    bool
}

// lexeme is a word in any case, with its uses in the article.
type lexeme struct {
	lower      uint64
	head, tail int32 // tokens with it
	next       int32 // in the hash chain
	inner      int32 // capitalised inside a normal sentence
	initial    int32 // capitalised at the start of one
	small      int32
	long       int32 // token range of the name that it abbreviates, 0 where none
	longEnd    int32
}

// run is a sequence of capitalised words: tokens first to end-1.
type run struct{ first, end int32 }

// NewDoc makes scratch memory over the tables.
func NewDoc(t *Tables) *Doc { return &Doc{tables: t, terms: sportWords()} }

// Release forgets the article, so that scratch memory does not keep its text alive.
func (d *Doc) Release() {
	clear(d.words)
	d.words = d.words[:0]
	d.doc = nil
}

// Words is the number of distinct words, with the pads before and after a sentence, 0 and 1.
func (d *Doc) Words() int { return len(d.words) }

// Word is the word of token i.
func (d *Doc) Word(i int) int { return int(d.token[i]) }

// Mode is the use of capitals in sentence s.
func (d *Doc) Mode(s int) Mode { return d.modes[s] }

// Analyse reads the article.
func (d *Doc) Analyse(doc *text.Doc) {
	d.doc = doc
	d.words, d.base = d.words[:0], d.base[:0]
	d.modes = modes(doc, d.modes[:0])
	d.intern()
	d.matchLists()
	d.sport = d.aboutSport()
	d.findRuns()
	d.findTypes()
	d.findAcronyms()
}

// resize gives s length n; what it holds is undefined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n+n/4)[:n]
	}
	return s[:n]
}

func reset(s []int32, n int) []int32 {
	s = resize(s, n)
	for i := range s {
		s[i] = -1
	}
	return s
}

// chains is the size of a hash table for n keys: a power of two.
func chains(n int) int {
	size := 64
	for size < n {
		size *= 2
	}
	return size
}

func (d *Doc) intern() {
	n := len(d.doc.Tokens)
	d.token = resize(d.token, n)
	d.index = reset(d.index, chains(n))
	for i := range 2 {
		first := int32(len(d.base))
		d.base = append(d.base, mix(uint64(i), tBoundary))
		d.words = append(d.words, word{first: first, far: 1, near: 1, here: 1, next: -1})
	}
	mask := uint64(len(d.index) - 1)
	for s := range d.doc.Sentences {
		mode := d.modes[s]
		sent := &d.doc.Sentences[s]
		for i := sent.FirstToken; i < sent.EndToken; i++ {
			surface := d.doc.Tokens[i].Text
			h := Hash(surface) + uint64(mode)
			at := d.index[h&mask]
			for at >= 0 && (d.words[at].mode != mode || d.words[at].text != surface) {
				at = d.words[at].next
			}
			if at < 0 {
				at = int32(len(d.words))
				d.words = append(d.words, word{text: surface, mode: mode, next: d.index[h&mask]})
				d.index[h&mask] = at
				d.base = d.tables.analyse(&d.words[at], d.base)
				d.words[at].sport = d.terms[d.words[at].lower]
			}
			d.token[i] = at
		}
	}
}

// Far, Near and Here: which part of a word's features serves at an offset.
func (d *Doc) wordFeatures(w, offset int) []uint64 {
	x := &d.words[w]
	n := x.far
	switch offset {
	case 0:
		n = x.here
	case -1, 1:
		n = x.near
	}
	return d.base[x.first : int(x.first)+int(n)]
}

// AppendWord appends the features that word w lends to a token offset places before it: offset
// -1 is the word before the token.
func (d *Doc) AppendWord(out []uint64, w, offset int) []uint64 {
	seed := uint64(offset + 100)
	if d.words[w].mode != Normal {
		seed += caseless
	}
	for _, h := range d.wordFeatures(w, offset) {
		out = append(out, mix(h, seed))
	}
	return out
}

// caseless sets the features of caseless sentences apart.
const caseless = 1000

// Lexeme identifies the word of token i in any case, counted from 0 to Lexemes; it is -1 for marks,
// numbers and words that can't be part of a name by their capitals. uses is how often the article
// has the word with a capital in normal sentences; counted says that this use is one of them.
func (d *Doc) Lexeme(i int) (id, uses int, counted bool) {
	w := &d.words[d.token[i]]
	at := d.typeOf[d.token[i]]
	if at < 0 || w.mode == Normal && !w.class.upper() {
		return -1, 0, false
	}
	t := &d.types[at]
	return int(at), int(t.inner + t.initial), w.mode == Normal
}

// Lexemes is the number of different words in any case.
func (d *Doc) Lexemes() int { return len(d.types) }

// Neighbour is the word at the offset from token i of sentence s: a pad outside the sentence.
func (d *Doc) Neighbour(s *text.Sentence, i, offset int) int {
	switch j := i + offset; {
	case j < s.FirstToken:
		return 0
	case j >= s.EndToken:
		return 1
	default:
		return int(d.token[j])
	}
}

// matchLists marks the longest match of a phrase in the lists at each token.
func (d *Doc) matchLists() {
	n := len(d.doc.Tokens)
	d.lists, d.listPart = resize(d.lists, n), resize(d.listPart, n)
	clear(d.lists)
	clear(d.listPart)
	for s := range d.doc.Sentences {
		sent := &d.doc.Sentences[s]
		normal := d.modes[s] == Normal
		for i := sent.FirstToken; i < sent.EndToken; {
			w := &d.words[d.token[i]]
			if w.class == other || normal && !w.class.upper() || w.lists == 0 {
				i++
				continue
			}
			found, end := w.lists&phraseLists, i+1
			h, flags := phraseStart(w.lower), w.lists
			for j := i + 1; flags&Prefix != 0 && j < sent.EndToken; j++ {
				h = phraseNext(h, d.words[d.token[j]].lower)
				var ok bool
				if flags, ok = d.tables.lists.get(h); !ok {
					break
				}
				if l := flags & phraseLists; l != 0 {
					found, end = l, j+1
				}
			}
			if found == 0 {
				i++
				continue
			}
			for j := i; j < end; j++ {
				part := uint8(2) // inside
				switch {
				case end == i+1:
					part = 4
				case j == i:
					part = 1
				case j == end-1:
					part = 3
				}
				d.lists[j], d.listPart[j] = found, part
			}
			i = end
		}
	}
}

// aboutSport reports whether the article is about sport: there a town is often a team.
func (d *Doc) aboutSport() bool {
	n := 0
	for i := range d.token {
		if d.words[d.token[i]].sport {
			n++
		}
	}
	return n >= 2 && n*150 >= len(d.token)
}

var sportWords = sync.OnceValue(func() map[uint64]bool {
	m := map[uint64]bool{}
	for w := range lexicon.SportWords().All() {
		m[Hash(w)] = true
	}
	return m
})

// findRuns finds the sequences of capitalised words; "of", "and", "for", "the", "de" and marks
// like hyphens between two capitalised words belong to them.
func (d *Doc) findRuns() {
	d.runs = resize(d.runs, len(d.doc.Tokens))
	for s := range d.doc.Sentences {
		sent := &d.doc.Sentences[s]
		for i := sent.FirstToken; i < sent.EndToken; {
			if !d.words[d.token[i]].class.upper() {
				d.runs[i] = run{int32(i), int32(i)}
				i++
				continue
			}
			end := i + 1
			for end < sent.EndToken {
				if d.words[d.token[end]].class.upper() {
					end++
					continue
				}
				j := end
				for j < sent.EndToken && j < end+2 && joins[d.doc.Tokens[j].Text] {
					j++
				}
				if j == end || j >= sent.EndToken || !d.words[d.token[j]].class.upper() {
					break
				}
				end = j + 1
			}
			for j := i; j < end; j++ {
				d.runs[j] = run{int32(i), int32(end)}
			}
			i = end
		}
	}
}

var joins = map[string]bool{"of": true, "for": true, "and": true, "the": true, "de": true, "del": true, "da": true,
	"al": true, "-": true, "&": true, "la": true, "in": true, "bin": true, "von": true, "van": true, "on": true}

// findTypes gathers the uses of each word in the article.
func (d *Doc) findTypes() {
	n := len(d.doc.Tokens)
	d.types = d.types[:0]
	d.same = resize(d.same, n)
	d.typeOf = reset(d.typeOf, len(d.words))
	d.typeIdx = reset(d.typeIdx, chains(len(d.words)))
	mask := uint64(len(d.typeIdx) - 1)
	for s := range d.doc.Sentences {
		sent := &d.doc.Sentences[s]
		started := false
		for i := sent.FirstToken; i < sent.EndToken; i++ {
			w := &d.words[d.token[i]]
			d.same[i] = -1
			if w.class == other {
				continue
			}
			at := d.typeOf[d.token[i]]
			if at < 0 {
				at = d.typeIdx[w.lower&mask]
				for at >= 0 && d.types[at].lower != w.lower {
					at = d.types[at].next
				}
				if at < 0 {
					at = int32(len(d.types))
					d.types = append(d.types, lexeme{lower: w.lower, head: -1, tail: -1, next: d.typeIdx[w.lower&mask]})
					d.typeIdx[w.lower&mask] = at
				}
				d.typeOf[d.token[i]] = at
			}
			t := &d.types[at]
			if w.mode == Normal {
				switch {
				case !w.class.upper():
					t.small++
				case started:
					t.inner++
				default:
					t.initial++
				}
				if w.class.upper() {
					if t.head < 0 {
						t.head = int32(i)
					} else {
						d.same[t.tail] = int32(i)
					}
					t.tail = int32(i)
				}
			}
			started = true
		}
	}
}

// findAcronyms ties the initials in "Karen National Union (KNU)" to the name before them.
func (d *Doc) findAcronyms() {
	toks := d.doc.Tokens
	for i := 2; i+1 < len(toks); i++ {
		if toks[i-1].Text != "(" || toks[i].Sentence != toks[i-1].Sentence {
			continue
		}
		w := &d.words[d.token[i]]
		if w.class != capitals && w.class != capital || len(w.text) < 2 || len(w.text) > 10 {
			continue
		}
		if c := toks[i+1].Text; c != ")" && c != "," && c != ";" && c != "/" && c != "-" {
			continue
		}
		first, ok := d.initials(i-2, w.text, d.doc.Sentences[toks[i].Sentence].FirstToken)
		if !ok {
			continue
		}
		t := &d.types[d.typeOf[d.token[i]]]
		if t.longEnd == 0 {
			t.long, t.longEnd = int32(first), int32(i-1)
		}
	}
}

// initials walks back from token i over words whose initials spell acronym, and gives the first.
func (d *Doc) initials(i int, acronym string, from int) (first int, ok bool) {
	k := len(acronym) - 1
	for ; i >= from && k >= 0; i-- {
		w := &d.words[d.token[i]]
		if w.class == other {
			if s := w.text; s == "-" || s == "'" || s == "’s" || s == "'s" || s == "’" || s == "&" {
				continue
			}
			return 0, false
		}
		c, want := w.text[0]|0x20, acronym[k]|0x20
		if c == want {
			k--
			first = i
			continue
		}
		if w.class.upper() || !joins[w.text] {
			return 0, false
		}
	}
	return first, k < 0
}
