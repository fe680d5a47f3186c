// SPDX-License-Identifier: Apache-2.0
let odd = 'without'
try { require('is-odd'); odd = 'with' } catch { }
console.log(`is-number ${require('is-number')(7)}, ${odd} is-odd, NODE_ENV ${process.env.NODE_ENV}`)
