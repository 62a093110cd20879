package feature

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
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

// ClusterBits are the bits of the values in the table of clusters.
const ClusterBits = 6 + 8 + 10 + 12

// A shortTable is a table of few different values: its slots of five bytes hold a fingerprint (high bits) and
// the number of the value (low bits). A key that was never put in is found with a probability under 2^-24.
type shortTable struct {
	values []byte // uint32 each
	slots  []byte // and three bytes more, so that eight can be read at each
	n      uint64
	bits   uint // of the number of a value
}

const slotBytes = 5

// newShortTable reads what BuildShortTable laid out: the number of values and the values, uint32 each, then the
// slots.
func newShortTable(b []byte) (shortTable, error) {
	short := errors.New("the file of word tables is cut short")
	if len(b) < 4 {
		return shortTable{}, short
	}
	values := int(binary.LittleEndian.Uint32(b))
	if values > maxValues || len(b) < 4+4*values+8-slotBytes {
		return shortTable{}, short
	}
	t := shortTable{values: b[4 : 4+4*values], slots: b[4+4*values:], bits: uint(bits.Len(uint(values)))}
	n := len(t.slots) - (8 - slotBytes)
	if n%slotBytes != 0 {
		return shortTable{}, short
	}
	t.n = uint64(n / slotBytes)
	for i := range t.n {
		if no := t.slot(i) & (1<<t.bits - 1); no >= uint64(values) && t.slot(i) != 0 {
			return shortTable{}, errors.New("the file of word tables is damaged")
		}
	}
	return t, nil
}

// maxValues leaves 30 bits of a slot for the fingerprint.
const maxValues = 1<<10 - 1

func (t *shortTable) slot(i uint64) uint64 {
	return binary.LittleEndian.Uint64(t.slots[i*slotBytes:]) & (1<<(8*slotBytes) - 1)
}

func (t *shortTable) get(key uint64) (uint64, bool) {
	if t.n == 0 {
		return 0, false
	}
	fp := key&(1<<(8*slotBytes-t.bits)-1) | 1
	i, _ := bits.Mul64(key, t.n)
	for {
		s := t.slot(i)
		if s == 0 {
			return 0, false
		}
		if s>>t.bits == fp {
			return uint64(binary.LittleEndian.Uint32(t.values[4*(s&(1<<t.bits-1)):])), true
		}
		if i++; i == t.n {
			i = 0
		}
	}
}

// BuildShortTable lays out a table of n keys with up to a thousand different values of 32 bits, as BuildTable
// does.
func BuildShortTable(keys, values []uint64) []byte {
	different := slices.Compact(slices.Sorted(slices.Values(values)))
	if len(different) > maxValues {
		panic("too many different values for a short table")
	}
	n := uint64(len(keys))*10/9 + 1
	t := shortTable{slots: make([]byte, n*slotBytes+8-slotBytes), n: n, bits: uint(bits.Len(uint(len(different))))}
	for j, key := range keys {
		i, _ := bits.Mul64(key, n)
		for t.slot(i) != 0 {
			if i++; i == n {
				i = 0
			}
		}
		no, _ := slices.BinarySearch(different, values[j])
		s := (key&(1<<(8*slotBytes-t.bits)-1)|1)<<t.bits | uint64(no)
		for k := range uint64(slotBytes) {
			t.slots[i*slotBytes+k] = byte(s >> (8 * k))
		}
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(different)))
	for _, v := range different {
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	return append(out, t.slots...)
}

// Tables are what the model knows of words before it sees text: the clusters of words, and the
// lists that words and phrases stand in. They are immutable.
type Tables struct {
	clusters table
	lists    shortTable
}

// Magic opens the file of tables.
const Magic = "dateline words 2"

// Marshal lays out a file of the tables that BuildTable and BuildShortTable laid out.
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
	if n > uint64(len(b)) || n%8 != 0 {
		return nil, errors.New("the file of word tables is cut short")
	}
	lists, err := newShortTable(b[n:])
	if err != nil {
		return nil, err
	}
	return &Tables{newTable(b[:n], ClusterBits), lists}, nil
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
