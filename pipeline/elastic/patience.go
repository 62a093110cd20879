package elastic

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
)

// patient sends a request again that the server refuses for now, or can't take yet, until a time. It stands
// over the transport, which passes over a node that fails, so that it waits only where every node fails.
type patient struct {
	to     elastictransport.Interface
	until  time.Time
	wait   func(ctx context.Context, attempt int) error
	notify func(error)
}

// Perform implements elastictransport.Interface. What it returns in the end is the last answer or error.
func (p *patient) Perform(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close() // in memory
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	for attempt := 1; ; attempt++ {
		again := r.Clone(r.Context()) // the transport changes what it sends
		if r.Body != nil {
			again.Body = io.NopCloser(bytes.NewReader(body))
			again.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		}
		res, err := p.to.Perform(again)
		why := refusal(res, err)
		left := time.Until(p.until)
		if why == nil || left <= 0 || r.Context().Err() != nil {
			return res, err
		}
		p.notify(fmt.Errorf("%w: trying again for %s", why, left.Round(time.Second)))
		if p.wait(r.Context(), attempt) != nil {
			return res, err
		}
		if res != nil && res.Body != nil {
			_ = res.Body.Close() // in memory
		}
	}
}

// refusal is why a request may succeed later; nil where it has succeeded, or never will. The answer's body
// can still be read.
func refusal(res *http.Response, err error) error {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch), errors.Is(err, context.Canceled):
		return nil // the operator's to mend
	case err != nil:
		return unreachable(err)
	case !temporary(res.StatusCode):
		return nil
	}
	var raw []byte
	if res.Body != nil {
		raw, _ = io.ReadAll(res.Body) // what is there of it says enough
		_ = res.Body.Close()          // it has been read
		res.Body = io.NopCloser(bytes.NewReader(raw))
	}
	return statusError(res.StatusCode, raw)
}
