package search

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// QuoteFold is what a quote has in common with itself in the other copies of a story: its words,
// whatever their case and the marks between them. It is empty where the cluster is.
func QuoteFold(cluster, words string) string {
	if cluster == "" {
		return ""
	}
	h := sha256.New()
	for _, w := range strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		_, _ = h.Write([]byte(w + " ")) // a hash's Write never fails
	}
	return cluster + "#" + hex.EncodeToString(h.Sum(nil)[:8])
}
