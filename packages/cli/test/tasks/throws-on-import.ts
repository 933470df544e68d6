const configuration: string | undefined = undefined

throw new Error(`no configuration: ${configuration}`)
