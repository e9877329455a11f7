/** Where data sets are kept: $RONDO_DATA, or a folder beside the checkout. */
export const dataFolder = process.env.RONDO_DATA ?? '../shared/data';
