package feature

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// A table maps 64-bit hashes to small values without keeping the keys: each slot is a little-endian
// word of fingerprint (high bits) and value (low bits), empty slots are 0, collisions go to the
// next slot. A key that was never put in is found with a probability under 2^-24.
type table struct {
	slots []byte
	n     uint64
	value uint // bits of the value
}

func newTable(b []byte, value uint) table { return table{b, uint64(len(b) / 8), value} }

func (t *table) get(key uint64) (uint64, bool) {
	if t.n == 0 {
		return 0, false
	}
	fp := fingerprint(key, t.value)
	i, _ := bits.Mul64(key, t.n)
	for {
		s := binary.LittleEndian.Uint64(t.slots[i*8:])
		if s == 0 {
			return 0, false
		}
		if s>>t.value == fp {
			return s & (1<<t.value - 1), true
		}
		if i++; i == t.n {
			i = 0
		}
	}
}

// fingerprint is taken from the low bits of the key, for the high bits choose the slot.
func fingerprint(key uint64, value uint) uint64 {
	return key&(1<<(64-value)-1) | 1
}

// BuildTable lays out a table of n keys; keys and values come in the order given, which must be
// the same at each build.
func BuildTable(keys, values []uint64, valueBits uint) []byte {
	n := uint64(len(keys))*10/9 + 1
	b := make([]byte, n*8)
	for j, key := range keys {
		i, _ := bits.Mul64(key, n)
		for binary.LittleEndian.Uint64(b[i*8:]) != 0 {
			if i++; i == n {
				i = 0
			}
		}
		binary.LittleEndian.PutUint64(b[i*8:], fingerprint(key, valueBits)<<valueBits|values[j])
	}
	return b
}

// Bits of the values in the two word tables.
const (
	ClusterBits = 6 + 8 + 10 + 12
	ListBits    = 24
)

// Tables are what the model knows of words before it sees text: the clusters of words, and the
// lists that words and phrases stand in. They are immutable.
type Tables struct {
	clusters table
	lists    table
}

// Magic opens the file of tables.
const Magic = "dateline words 1"

// Marshal lays out a file of tables.
func Marshal(clusters, lists []byte) []byte {
	b := append([]byte(Magic), binary.LittleEndian.AppendUint64(nil, uint64(len(clusters)))...)
	b = append(b, clusters...)
	return append(b, lists...)
}

// Load reads what Marshal wrote; it keeps b.
func Load(b []byte) (*Tables, error) {
	const head = len(Magic) + 8
	if len(b) < head || string(b[:len(Magic)]) != Magic {
		return nil, errors.New("not a file of word tables")
	}
	n := binary.LittleEndian.Uint64(b[len(Magic):])
	b = b[head:]
	if n > uint64(len(b)) || n%8 != 0 || (uint64(len(b))-n)%8 != 0 {
		return nil, errors.New("the file of word tables is cut short")
	}
	return &Tables{newTable(b[:n], ClusterBits), newTable(b[n:], ListBits)}, nil
}

// Lists that a word or phrase can stand in: bits of a value of the table of lists.
const (
	Prefix = 1 << iota // a longer phrase begins with it
	Country
	Region
	City
	Water // seas, rivers, airports
	Company
	Body // agencies, parties, newspapers, charities, armed groups
	Notable
	Forename
	RareForename
	Surname
	RareSurname
	Title
	Occupation
	Nationality
	CompanySuffix
	OrgWord
	PlaceCode
	Territory
)

const (
	nameLists   = Forename | RareForename | Surname | RareSurname
	phraseLists = Country | Region | City | Water | Company | Body | Notable | OrgWord | PlaceCode | Territory
	wordLists   = nameLists | Title | Occupation | Nationality | CompanySuffix
)

// phraseStart and phraseNext hash a phrase word by word, in lower case.
func phraseStart(lower uint64) uint64        { return mix(lower, 77) }
func phraseNext(phrase, lower uint64) uint64 { return mix(phrase^bits.RotateLeft64(lower, 17), 78) }

// Phrase is the hash by which a phrase is found in the table of lists.
func Phrase(words []string) uint64 {
	var h uint64
	for i, w := range words {
		if i == 0 {
			h = phraseStart(lowerHash(w))
		} else {
			h = phraseNext(h, lowerHash(w))
		}
	}
	return h
}
