package kafka

import (
	"errors"
	"fmt"
	"io"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/segmentio/kafka-go/compress"
)

// maxUnpacked bounds what a compressed batch of records may unpack to: four times the largest raw
// article. The broker's limits are on what is packed, and a few kilobytes of zeros unpack to gigabytes.
const maxUnpacked = 32 << 20

// errUnpacked is what reading a batch over the limit gives.
var errUnpacked = errors.New("it unpacks to too much")

// kafka-go unpacks a batch as a whole, with no bound, through this table, and has no other place to put
// one.
func init() {
	for i, c := range compress.Codecs {
		if c != nil {
			compress.Codecs[i] = boundedCodec{c}
		}
	}
}

// boundedCodec is a codec whose readers end with an error at the limit.
type boundedCodec struct{ compress.Codec }

// NewReader implements compress.Codec.
func (c boundedCodec) NewReader(r io.Reader) io.ReadCloser {
	return &boundedReader{ReadCloser: c.Codec.NewReader(r), left: maxUnpacked}
}

type boundedReader struct {
	io.ReadCloser
	left int
}

func (r *boundedReader) Read(b []byte) (int, error) {
	if len(b) > r.left+1 {
		b = b[:r.left+1]
	}
	n, err := r.ReadCloser.Read(b)
	if r.left -= n; r.left < 0 {
		return n, errUnpacked
	}
	return n, err
}

// unpackable stands for the record at offset, where its batch is over the limit. What is in it stays
// unread, so that nothing of it can be kept; the next record is in the same batch, or begins another.
func unpackable(p partition, offset int64) fetched {
	return fetched{next: offset + 1, messages: []pipeline.Message{{
		Origin: pipeline.Origin{Topic: p.topic, Partition: p.id, Offset: offset},
		Err:    pipeline.Fault(pipeline.KindTooLong, fmt.Errorf("the record is in a compressed batch that unpacks to more than %d MiB, the most that is unpacked: let its producer send smaller batches", maxUnpacked>>20)),
	}}}
}
