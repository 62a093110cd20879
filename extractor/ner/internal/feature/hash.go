package feature

import (
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// Hash is the 64-bit hash of s (FNV-1a, finished by a multiply-xor mix).
func Hash(s string) uint64 {
	h := uint64(fnvOffset)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return finish(h)
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func finish(h uint64) uint64 {
	h ^= h >> 32
	h *= 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// mix joins a hash with a seed, or two hashes.
func mix(h, seed uint64) uint64 {
	x := h ^ bits.RotateLeft64(seed*0x9E3779B97F4A7C15, 31)
	x *= 0xBF58476D1CE4E5B9
	return x ^ x>>31
}

// lowerHash is the hash of s in lower case: Hash(strings.ToLower(s)) without the string.
func lowerHash(s string) uint64 {
	h := uint64(fnvOffset)
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			h = (h ^ uint64(c)) * fnvPrime
			i++
			continue
		}
		r, w := utf8.DecodeRuneInString(s[i:])
		i += w
		var b [utf8.UTFMax]byte
		n := utf8.EncodeRune(b[:], unicode.ToLower(r))
		for _, c := range b[:n] {
			h = (h ^ uint64(c)) * fnvPrime
		}
	}
	return finish(h)
}
