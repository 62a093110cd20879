package search

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// WriteCursor makes a Results.Next of a hit's sort values.
func WriteCursor[T any](values []T) string {
	b, err := json.Marshal(values)
	if err != nil {
		return "" // numbers and strings can be encoded
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ReadCursor reads what WriteCursor made of n values that each are a number or a string. The error
// is ErrQuery.
func ReadCursor(s string, n int) ([]string, error) {
	raw, err := RawCursor(s, n)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range raw {
		var v string
		if err := json.Unmarshal(r, &v); err != nil {
			return nil, errCursor()
		}
		out = append(out, v)
	}
	return out, nil
}

// RawCursor is ReadCursor for values of any kind.
func RawCursor(s string, n int) ([]json.RawMessage, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, errCursor()
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil || len(raw) != n {
		return nil, errCursor()
	}
	for _, r := range raw {
		if len(r) == 0 || r[0] == '{' || r[0] == '[' {
			return nil, errCursor()
		}
	}
	return raw, nil
}

func errCursor() error {
	return fmt.Errorf("%w: the place to go on from is none that an answer to this question gave: begin anew", ErrQuery)
}
