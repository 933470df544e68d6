/** Whether the log is told of so many of what may come as a flood: of the 1st, 2nd, 4th, 8th ... */
export const isTold = (count: number): boolean => Number.isInteger(Math.log2(count))
