package feed

import (
	"errors"
	"net"
	"strconv"
)

var (
	errSlow      = errors.New("no whole answer")
	errLeftAlone = errors.New("the server wants to be left alone")
)

// formError is an answer that came and can't be read.
type formError struct{ error }

func (e formError) Unwrap() error { return e.error }

// Reason is why the poll failed in one word, to count by: "left-alone", "robots", "private", "slow",
// "cut", "too-big", "redirects", the server's status as "http-404", "name" where that can't be resolved,
// "form" where the answer is no feed or a broken one, "network" for all else on the way; "" where
// it did not fail.
func (r Result) Reason() string {
	var status *StatusError
	var form formError
	var dns *net.DNSError
	switch {
	case r.Err == nil:
		return ""
	case errors.Is(r.Err, errLeftAlone):
		return "left-alone"
	case errors.Is(r.Err, ErrRobots):
		return "robots"
	case errors.Is(r.Err, ErrPrivate):
		return "private"
	case errors.Is(r.Err, errSlow):
		return "slow"
	case errors.Is(r.Err, ErrCut):
		return "cut"
	case errors.Is(r.Err, ErrTooBig):
		return "too-big"
	case errors.Is(r.Err, ErrRedirects):
		return "redirects"
	case errors.As(r.Err, &status):
		return "http-" + strconv.Itoa(status.Code)
	case errors.As(r.Err, &form):
		return "form"
	case errors.As(r.Err, &dns):
		return "name"
	}
	return "network"
}
