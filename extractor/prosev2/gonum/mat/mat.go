// Package mat stands in for gonum.org/v1/gonum/mat, of which prose v2 uses six methods of one vector, and
// those only to train models of its own. Gonum itself would bring all of BLAS and LAPACK into the program,
// 3 MB of it, for no part of a package that is linked into one with templates is left out by the linker.
package mat

// Vector is a column.
type Vector interface {
	AtVec(i int) float64
	Len() int
}

// VecDense is a column of numbers.
type VecDense struct{ data []float64 }

// NewVecDense makes a column of n numbers: data, which it keeps, or zeros where data is nil.
func NewVecDense(n int, data []float64) *VecDense {
	switch {
	case n <= 0:
		panic("mat: a vector of no length")
	case data == nil:
		data = make([]float64, n)
	case len(data) != n:
		panic("mat: data of another length")
	}
	return &VecDense{data}
}

// Dims are the numbers of rows and columns.
func (v *VecDense) Dims() (rows, columns int) { return len(v.data), 1 }

// Len is the number of rows.
func (v *VecDense) Len() int { return len(v.data) }

// At is the number in row i; the one column is 0.
func (v *VecDense) At(i, column int) float64 {
	if column != 0 {
		panic("mat: a vector has but one column")
	}
	return v.data[i]
}

// AtVec is the number in row i.
func (v *VecDense) AtVec(i int) float64 { return v.data[i] }

// SetVec sets the number in row i.
func (v *VecDense) SetVec(i int, x float64) { v.data[i] = x }

// SubVec sets v to a - b.
func (v *VecDense) SubVec(a, b Vector) {
	v.fit(a, b)
	for i := range v.data {
		v.data[i] = a.AtVec(i) - b.AtVec(i)
	}
}

// ScaleVec sets v to alpha times a.
func (v *VecDense) ScaleVec(alpha float64, a Vector) {
	v.fit(a)
	for i := range v.data {
		v.data[i] = alpha * a.AtVec(i)
	}
}

// fit makes an empty v as long as the others, which must be as long as v.
func (v *VecDense) fit(others ...Vector) {
	if len(v.data) == 0 {
		v.data = make([]float64, others[0].Len())
	}
	for _, o := range others {
		if o.Len() != len(v.data) {
			panic("mat: vectors of different lengths")
		}
	}
}
