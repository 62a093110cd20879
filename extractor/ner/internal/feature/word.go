package feature

import (
	"unicode"
	"unicode/utf8"
)

// word is what is known of a distinct surface, whatever stands around it.
type word struct {
	text     string
	mode     Mode
	hash     uint64 // of the surface; of the lower case in a caseless mode
	lower    uint64
	shape    uint64 // short shape: runs of one class are one
	clusters [4]uint64
	known    bool // has clusters
	lists    uint64
	class    class
	sport    bool
	// base[first:first+far] are features for far neighbours, up to near for neighbours, up to here
	// for the token itself.
	first           int32
	far, near, here int16
	next            int32 // in the hash chain of words
}

// class sorts surfaces by their letters.
type class uint8

const (
	other    class = iota // no letters: numbers and marks
	small                 // starts in lower case
	capital               // a capital, then lower case
	capitals              // capitals only, at least two
	single                // one capital, perhaps with a full stop
)

func (c class) upper() bool { return c >= capital }

func classOf(s string) class {
	upper, lower := 0, 0
	first := other
	for _, r := range s {
		switch {
		case unicode.IsUpper(r) || unicode.IsTitle(r):
			upper++
			if first == other {
				first = capital
			}
		case unicode.IsLower(r):
			lower++
			if first == other {
				first = small
			}
		case unicode.IsLetter(r):
			lower++ // a script without case
			if first == other {
				first = capital
			}
		}
	}
	switch {
	case first != capital:
		return first
	case upper == 1 && lower == 0:
		return single
	case lower == 0:
		return capitals
	case upper > lower && upper > 2:
		return capitals
	}
	return capital
}

// shapes hashes the long shape (a class for each rune, up to 12) and the short one.
func shapes(s string) (long, short uint64) {
	l, t := uint64(fnvOffset), uint64(fnvOffset)
	var last byte
	n := 0
	for _, r := range s {
		var c byte
		switch {
		case 'a' <= r && r <= 'z':
			c = 'x'
		case 'A' <= r && r <= 'Z':
			c = 'X'
		case '0' <= r && r <= '9':
			c = 'd'
		case r < utf8.RuneSelf:
			c = byte(r)
		case unicode.IsUpper(r):
			c = 'X'
		case unicode.IsLetter(r) || unicode.IsMark(r):
			c = 'x'
		case unicode.IsDigit(r):
			c = 'd'
		case r == '’' || r == '‘':
			c = '\''
		case r == '“' || r == '”':
			c = '"'
		case r == '–' || r == '—':
			c = '-'
		default:
			c = '~'
		}
		if n < 12 {
			l = (l ^ uint64(c)) * fnvPrime
		}
		n++
		if c != last {
			t = (t ^ uint64(c)) * fnvPrime
		}
		last = c
	}
	return finish(l), finish(t)
}

// templates of word features; each is a seed.
const (
	tWord = iota + 1
	tLower
	tShape
	tLong
	tCluster // 4 of them
	_
	_
	_
	tClusterShape
	_
	tUnknown
	tNameLists
	tWordList
	tOneWordLists
	tPrefix // 5
	_
	_
	_
	_
	tSuffix // 5
	_
	_
	_
	_
	tSuffixNear
	tLength
	tDots
	tBoundary
	tCapital
)

// analyse fills w, whose text and mode are set, and appends its features to base.
func (t *Tables) analyse(w *word, base []uint64) []uint64 {
	w.lower = lowerHash(w.text)
	w.class = classOf(w.text)
	long, short := shapes(w.text)
	w.hash = Hash(w.text)
	caseless := w.mode != Normal
	if caseless {
		w.hash = w.lower
		if w.class != other {
			short, long = tCapital, tCapital
			if w.mode == TitleCase {
				// What is not capitalised in a title is rarely a name.
				short = tCapital + 1 + uint64(w.class)
			}
		}
	}
	w.shape = short
	if c, ok := t.clusters.get(w.lower); ok {
		w.known = true
		w.clusters = [4]uint64{c >> 30, c >> 22 & 0xff, c >> 12 & 0x3ff, c & 0xfff}
	}
	w.lists, _ = t.lists.get(phraseStart(w.lower))

	w.first = int32(len(base))
	add := func(h uint64, template uint64) { base = append(base, mix(h, template)) }
	// Far neighbours.
	add(w.lower, tLower)
	add(w.shape, tShape)
	if w.known {
		for i, c := range w.clusters {
			add(c, tCluster+uint64(i))
		}
	} else {
		add(w.shape, tUnknown)
	}
	w.far = int16(len(base) - int(w.first))
	// Near neighbours.
	if !caseless {
		add(w.hash, tWord)
	}
	if w.lists&nameLists != 0 && (caseless || w.class.upper()) {
		add(w.lists&nameLists, tNameLists)
	}
	for l := w.lists & wordLists; l != 0; l &= l - 1 {
		if bit := l & -l; caseless || w.class.upper() || bit&(Title|Occupation|CompanySuffix) != 0 {
			add(bit, tWordList)
		}
	}
	if w.class != other {
		add(affix(w.text, 3, false), tSuffixNear)
	}
	w.near = int16(len(base) - int(w.first))
	// The token itself.
	add(long, tLong)
	if w.known {
		add(mix(w.clusters[1], w.shape), tClusterShape)
		add(mix(w.clusters[2], w.shape), tClusterShape+1)
	}
	if w.class != other {
		n := utf8.RuneCountInString(w.text)
		for k := 1; k <= 5 && k < n; k++ {
			if caseless {
				add(affixLower(w.text, k, true), tPrefix+uint64(k-1))
				add(affixLower(w.text, k, false), tSuffix+uint64(k-1))
				continue
			}
			add(affix(w.text, k, true), tPrefix+uint64(k-1))
			add(affix(w.text, k, false), tSuffix+uint64(k-1))
		}
		add(uint64(min(n, 8)), tLength)
	}
	w.here = int16(len(base) - int(w.first))
	return base
}

// affix hashes the first or last k runes of s.
func affix(s string, k int, prefix bool) uint64 { return Hash(cut(s, k, prefix)) }

func affixLower(s string, k int, prefix bool) uint64 { return lowerHash(cut(s, k, prefix)) }

func cut(s string, k int, prefix bool) string {
	if prefix {
		n := 0
		for i := range s {
			if n == k {
				return s[:i]
			}
			n++
		}
		return s
	}
	i := len(s)
	for ; k > 0 && i > 0; k-- {
		_, w := utf8.DecodeLastRuneInString(s[:i])
		i -= w
	}
	return s[i:]
}
